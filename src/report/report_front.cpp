#include "report/report_front.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "json/json.hpp"
#include "report/chart.hpp"
#include "report/report_parts.hpp"
#include "report/score_json.hpp"

namespace vbq {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

// One number of all networks over all sizes: a series for those that were searched and one for the start's. With the
// keys KEY_low and KEY_high, where they are there, as its interval.
Chart chart_of(const Json& networks, const std::string& bits, const std::string& key, const std::string& start) {
  std::vector<const Json*> all;
  for (const Json& one : networks) all.push_back(&one);
  std::ranges::stable_sort(all, {}, [&](const Json* one) { return one->at(bits).get<double>(); });
  Chart chart{"", "bits a weight, everything counted", {}, {{"searched", {}}, {"the search's start: " + start, {}}}};
  chart.marks = Marks::lines_and_points;
  for (const Json* one : all) {
    chart.x.push_back(one->at(bits).get<double>());
    const auto value = [&](bool own, const std::string& name) {
      return own && one->contains(name) ? one->at(name).get<double>() : kNothing;
    };
    for (std::size_t k = 0; k < chart.series.size(); ++k) {
      const bool own = one->at("network") == (k == 0 ? "searched" : "start");
      chart.series[k].y.push_back(value(own, key));
      chart.series[k].low.push_back(value(own, key + "_low"));
      chart.series[k].high.push_back(value(own, key + "_high"));
    }
  }
  return chart;
}

}  // namespace

std::string front_html(const Json& summary, Bits counted, const std::string& start) {
  const std::string bits = counted == Bits::entropy ? "bits_entropy" : "bits_fixed";
  const std::string bytes = counted == Bits::entropy ? "bytes_entropy" : "bytes_fixed";
  const Json &front = summary.at("front"), &networks = front.at("networks");
  const bool agreement = !networks.empty() && networks.front().contains("agreement");
  const std::string share = agreement ? "agreement" : "top1";
  const std::string name = share_name(agreement ? Labels::of_fp32 : Labels::given);
  Chart divergence = chart_of(networks, bits, "held_out", start), shares = chart_of(networks, bits, share, start);
  divergence.title = "divergence on images that the search never saw";
  divergence.logarithmic = true;
  shares.title = name + " on images that the search never saw, % (95 % interval)";
  if (!agreement) {
    shares.rule = Rule{"as trained (FP32)", top1_of(summary.at("fp32").at("held_out")).at("percent").get<double>()};
  }
  std::string text = "<h2>Front</h2>\n" + charts_html({divergence, shares});
  text +=
      "<div class=\"scroll\"><table><tr><th>point</th><th>network</th><th class=\"number\">bytes</th><th "
      "class=\"number\">bits a weight</th>"
      "<th class=\"number\">divergence</th><th>" +
      name + " (95 % interval)</th></tr>\n";
  for (const Json& one : networks) {
    const Json& point = one.at("point");
    if (point.is_null()) continue;
    const int number = whole(point, 0, 99);
    text += fmt::format(
        "<tr><td><a href=\"front/{0:02}/best.json\">{0:02}</a>{1}</td><td>{2}</td><td class=\"number\">{3}</td>"
        "<td class=\"number\">{4:.3f}</td><td class=\"number\">{5:.5g}</td><td>{6:.2f} % ({7:.2f} to {8:.2f})</td>"
        "</tr>\n",
        number, front.at("knee") == number ? ", the knee" : "", html_text(one.at("network").get<std::string>()),
        thousands_of(one.at(bytes).get<double>()), one.at(bits).get<double>(), one.at("held_out").get<double>(),
        one.at(share).get<double>(), one.at(share + "_low").get<double>(), one.at(share + "_high").get<double>());
  }
  return text + "</table></div>\n<p>All that follows is about the knee.</p>\n";
}

}  // namespace vbq
