#include "report/report_front.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "json/json.hpp"
#include "report/chart.hpp"
#include "report/progress.hpp"
#include "report/score_json.hpp"

namespace vbq {
namespace {

// One number of all networks, a line for those that were searched and one for the start's, over all sizes.
Chart chart_of(const Json& networks, const std::string& bits, const char* key, std::string title) {
  std::vector<const Json*> all;
  for (const Json& one : networks) all.push_back(&one);
  std::ranges::stable_sort(all, {}, [&](const Json* one) { return one->at(bits).get<double>(); });
  Chart chart{std::move(title), "bits a weight, everything counted", {}, {{"searched", {}}, {"start", {}}}};
  for (const Json* one : all) {
    chart.x.push_back(one->at(bits).get<double>());
    for (Series& series : chart.series) {
      const bool own = one->at("network") == series.name;
      series.y.push_back(own ? one->at(key).get<double>() : std::numeric_limits<double>::quiet_NaN());
    }
  }
  return chart;
}

}  // namespace

std::string front_html(const Json& front, Bits counted) {
  const std::string bits = counted == Bits::entropy ? "bits_entropy" : "bits_fixed";
  const std::string bytes = counted == Bits::entropy ? "bytes_entropy" : "bytes_fixed";
  const Json& networks = front.at("networks");
  const bool agreement = !networks.empty() && networks.front().contains("agreement");
  const std::string share = agreement ? "agreement" : "top1";
  const std::string name = share_name(agreement ? Labels::of_fp32 : Labels::given);
  Chart divergence = chart_of(networks, bits, "held_out", "divergence on images that the search never saw");
  divergence.logarithmic = true;
  std::string text =
      "<h2>Front</h2>\n" + line_chart(divergence) +
      line_chart(chart_of(networks, bits, share.c_str(), name + " on images that the search never saw, %"));
  text +=
      "<table><tr><th>point</th><th>network</th><th class=\"number\">bytes</th><th class=\"number\">bits a weight</th>"
      "<th class=\"number\">divergence</th><th>" +
      name + " (95 % interval)</th></tr>\n";
  for (const Json& one : networks) {
    const Json& point = one.at("point");
    if (point.is_null()) continue;
    const int number = point.get<int>();
    text += fmt::format(
        "<tr><td><a href=\"front/{0:02}/best.json\">{0:02}</a>{1}</td><td>{2}</td><td class=\"number\">{3}</td>"
        "<td class=\"number\">{4:.3f}</td><td class=\"number\">{5:.5g}</td><td>{6:.2f} % ({7:.2f} to {8:.2f})</td>"
        "</tr>\n",
        number, number == front.at("knee").get<int>() ? ", the knee" : "",
        html_text(one.at("network").get<std::string>()), thousands(one.at(bytes).get<long long>()),
        one.at(bits).get<double>(), one.at("held_out").get<double>(), one.at(share).get<double>(),
        one.at(share + "_low").get<double>(), one.at(share + "_high").get<double>());
  }
  return text + "</table>\n<p>All that follows is about the knee.</p>\n";
}

}  // namespace vbq
