#include "report/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.hpp"
#include "report/chart.hpp"
#include "report/page_style.hpp"
#include "report/progress.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace fs = std::filesystem;

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}</title>\n<style>{1}</style></head>\n<body>\n<h1>{0}</h1>\n{2}<p>vbq {3}</p>\n</body></html>\n",
      html_text(title), kPageStyle, body, kVersion);
}

std::string html_row(const std::string& name, const std::string& value) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", html_text(name), html_text(value));
}

std::string html_tile(const std::string& number, const std::string& what) {
  return fmt::format(R"(<div class="tile"><b>{}</b><span>{}</span></div>)", html_text(number), html_text(what)) + "\n";
}

std::string pairs_table(const std::string& rows) { return "<table class=\"pairs\">\n" + rows + "</table>\n"; }

std::string scrolling_table(const std::string& rows) {
  return "<div class=\"scroll\"><table>\n" + rows + "</table></div>\n";
}

std::string link_to(const fs::path& path) {
  const std::string text = path.generic_string();
  std::string link = text.starts_with('/') ? "" : "./";  // so that what stands before a colon is no scheme
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").find(c) != std::string_view::npos;
    link += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return link;
}

std::string percent_of(const Json& share) { return fmt::format("{:.2f} %", share.at("percent").get<double>()); }

std::string percent_with_interval(const Json& share) {
  return fmt::format("{} ({:.2f} to {:.2f})", percent_of(share), share.at("interval95").at(0).get<double>(),
                     share.at("interval95").at(1).get<double>());
}

std::string interval_svg(double value, const Span& interval, const Span& of) {
  const auto place = [&](double v) {
    return of.high > of.low ? 2 + 96 * std::clamp((v - of.low) / (of.high - of.low), 0.0, 1.0) : 50.0;
  };
  return fmt::format(
      "<svg class=\"interval\" viewBox=\"0 0 100 12\" role=\"img\"><title>{0:.2f} ({1:.2f} to {2:.2f})</title>"
      "<line class=\"grid\" x1=\"0\" x2=\"100\" y1=\"6\" y2=\"6\"/>"
      "<line class=\"span\" x1=\"{3:.1f}\" x2=\"{4:.1f}\" y1=\"6\" y2=\"6\"/>"
      "<circle class=\"dot\" cx=\"{5:.1f}\" cy=\"6\" r=\"2.8\"/></svg>",
      value, interval.low, interval.high, place(interval.low), place(interval.high), place(value));
}

int whole(const Json& json, int low, int high) {
  if (!json.is_number_integer() || json < low || json > high) {
    fail("{} was found where an integer from {} to {} was expected", shown(json), low, high);
  }
  return json.get<int>();
}

std::string thousands_of(double count) {
  return std::abs(count) < 9e15 ? thousands(static_cast<long long>(count)) : "-";
}

std::string codebooks_html(const Json& best) {
  std::string text =
      "<h2>Codebooks</h2>\n<p>A tick a level, from minus to plus the layer's largest.</p>\n<div class=\"scroll\">"
      "<table><tr><th>layer</th><th class=\"number\">levels</th><th></th></tr>\n";
  for (const Json& layer : best.at("layers")) {
    const Json& levels = layer.at("levels");
    std::vector<float> ticks;
    const bool many = !levels.empty() && levels.front().is_array();
    const auto take = [&](const Json& one) {
      for (const Json& level : one) ticks.push_back(level.get<float>());
    };
    if (many) {
      for (const Json& one : levels) take(one);
    } else {
      take(levels);
    }
    double limit = 0;
    for (const float v : ticks) limit = std::max(limit, std::abs(static_cast<double>(v)));
    const std::string count = many ? fmt::format("{} codebooks", levels.size()) : std::to_string(levels.size());
    text +=
        fmt::format("<tr><td class=\"name\">{}</td><td class=\"number\">{}</td><td>{}</td></tr>\n",
                    html_text(layer.at("name").get<std::string>()), count, tick_strip(ticks, limit > 0 ? limit : 1));
  }
  return text + "</table></div>\n";
}

// Nothing where the file is not there: a run that has not ended yet has no best.json and no summary.json.
std::optional<Json> read_if_there(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  return read_json(path, "file");
}

}  // namespace vbq
