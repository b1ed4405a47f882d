#include "report/report_classes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <vector>

#include "report/chart.hpp"
#include "report/report_parts.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMostRows = 12;
constexpr double kChance = 0.05;  // over all classes together

struct Row {
  std::string name;
  bool named = false;
  double images = 0, before = 0, after = 0;  // right ones
  double lost = 0, gained = 0, p = 1;
  double taken_for = -1, taken_for_images = 0;

  double change() const { return gained - lost; }
};

// Of images without labels all are "right" as trained.
std::vector<Row> rows_of(const Table& table, std::map<double, std::string>& names) {
  const std::vector<double>& classes = table["class"];
  const bool agreement = table.has("agreement"), named = table.has("name");
  std::vector<Row> rows;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    Row& row = rows.emplace_back();
    row.name = fmt::format("{:.0f}", classes[k]);
    row.named = named && !table.text("name")[k].empty();
    if (row.named) row.name += " " + table.text("name")[k];
    names[classes[k]] = row.name;
    row.images = table["images"][k];
    row.before = agreement ? row.images : table["right_as_trained"][k];
    row.after = table[agreement ? "agreement" : "right_quantised"][k];
    row.lost = table["lost"][k];
    if (!agreement) {
      row.gained = table["gained"][k];
      row.p = table["p"][k];
    }
    row.taken_for = table["taken_for"][k];
    row.taken_for_images = table["taken_for_images"][k];
  }
  return rows;
}

// From the middle: to the left what is lost.
std::string change_svg(const Row& row, double most) {
  const double change = row.change(), width = most > 0 ? 47 * std::min(1.0, std::abs(change) / most) : 0;
  return fmt::format(
      "<svg class=\"change\" viewBox=\"0 0 100 12\" role=\"img\"><title>class {}: {} lost, {} gained</title>"
      "<line class=\"axis\" x1=\"50\" x2=\"50\" y1=\"0\" y2=\"12\"/>"
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"2\" width=\"{:.1f}\" height=\"8\"/></svg>",
      html_text(row.name), thousands_of(row.lost), thousands_of(row.gained), change < 0 ? "lost" : "gained",
      change < 0 ? 50 - width : 50, width);
}

std::string signed_text(double change) {
  if (change == 0) return "0";
  return (change < 0 ? "&minus;" : "+") + thousands_of(std::abs(change));
}

std::string right_cell(double right, double images) {
  return fmt::format("<td class=\"number\">{} ({:.1f} %)</td>", thousands_of(right),
                     images > 0 ? 100 * right / images : 0);
}

std::string taken_for_text(const Row& row, const std::map<double, std::string>& names) {
  if (!(row.taken_for_images > 0)) return "";
  const auto found = names.find(row.taken_for);
  const std::string name = row.taken_for < 0      ? "nothing: not finite"
                           : found != names.end() ? found->second
                                                  : fmt::format("{:.0f}", row.taken_for);
  return fmt::format("{} ({} of {})", html_text(name), thousands_of(row.taken_for_images), thousands_of(row.lost));
}

struct Counts {
  double images = 0, lost = 0, gained = 0;
  std::size_t beyond = 0;  // classes whose change is beyond chance
};

std::string said(const Counts& all, std::size_t classes, bool agreement) {
  if (agreement) {
    return fmt::format(
        "Of {} held-out images the quantised network takes {} for another class than the network as trained does. "
        "Classes are those of the network as trained.",
        thousands_of(all.images), thousands_of(all.lost));
  }
  std::string text = fmt::format(
      "Of {} held-out images {} are right as trained and wrong quantised (lost), {} the other way round (gained). ",
      thousands_of(all.images), thousands_of(all.lost), thousands_of(all.gained));
  text += all.beyond == 0 ? "No single class has changed by more than chance gives"
          : all.beyond == 1
              ? "One class, with a star, has changed by more than chance gives"
              : fmt::format("{} classes, with a star, have changed by more than chance gives", all.beyond);
  return text + fmt::format(
                    " (McNemar's exact test of each class's lost and gained images; p below 0.05 / {}, for as many "
                    "classes).",
                    classes);
}

// What changed first: on a narrow screen the rest is to be scrolled to.
std::string head_html(bool agreement) {
  std::string text = "<tr><th>class</th><th class=\"number\">change</th><th></th>";
  if (!agreement) text += "<th class=\"number\">lost, gained</th><th class=\"number\">p</th>";
  text += "<th>mostly taken for</th><th class=\"number\">images</th>";
  if (!agreement) text += "<th class=\"number\">right as trained</th>";
  return text + fmt::format("<th class=\"number\">{}</th></tr>\n", agreement ? "kept" : "right quantised");
}

std::string row_html(const Row& row, double most, bool agreement, std::size_t classes,
                     const std::map<double, std::string>& names) {
  const bool beyond = row.p * static_cast<double>(classes) < kChance;
  std::string text = row.named ? "<tr><td class=\"name\">" : "<tr><td>";
  text += html_text(row.name) + "</td>";
  text += fmt::format("<td class=\"number\">{}{}</td>", beyond ? "&#9733; " : "", signed_text(row.change()));
  text += "<td>" + change_svg(row, most) + "</td>";
  if (!agreement) {
    text += fmt::format("<td class=\"number\">{}, {}</td><td class=\"number\">{}</td>", thousands_of(row.lost),
                        thousands_of(row.gained), row.p < 1e-4 ? "&lt; 0.0001" : fmt::format("{:.2g}", row.p));
  }
  text += "<td>" + taken_for_text(row, names) + "</td>";
  text += "<td class=\"number\">" + thousands_of(row.images) + "</td>";
  if (!agreement) text += right_cell(row.before, row.images);
  return text + right_cell(row.after, row.images) + "</tr>\n";
}

std::string rest_text(std::size_t less, std::size_t same) {
  if (less == 0 && same == 0) return "";
  std::string text = "<p class=\"note\">";
  if (less > 0) text += fmt::format("{} more class{} changed no more than these. ", less, less == 1 ? "" : "es");
  if (same > 0) text += fmt::format("{} class{} lost and gained nothing. ", same, same == 1 ? "" : "es");
  return text + "All are in classes.csv.</p>\n";
}

}  // namespace

std::string classes_html(const Table& table) {
  std::map<double, std::string> names;
  std::vector<Row> rows = rows_of(table, names);
  const std::size_t classes = rows.size();
  const bool agreement = table.has("agreement");
  Counts all;
  for (const Row& row : rows) {
    all.images += row.images;
    all.lost += row.lost;
    all.gained += row.gained;
    all.beyond += row.p * static_cast<double>(classes) < kChance ? 1 : 0;
  }
  std::string head = "<h2>Classes</h2>\n<p>" + said(all, classes, agreement) + "</p>\n";
  std::erase_if(rows, [](const Row& row) { return row.lost == 0 && row.gained == 0; });
  if (rows.empty()) return head;
  std::ranges::stable_sort(
      rows, {}, [](const Row& row) { return std::tuple(-std::abs(row.change()), row.p, -(row.lost + row.gained)); });
  const std::size_t changed = rows.size();
  rows.resize(std::min(rows.size(), kMostRows));
  const double most = std::abs(rows.front().change());
  std::string text = head_html(agreement);
  for (const Row& row : rows) text += row_html(row, most, agreement, classes, names);
  return head + scrolling_table(text) + rest_text(changed - rows.size(), classes - changed);
}

}  // namespace vbq
