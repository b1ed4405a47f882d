#include "report/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "report/chart.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --ink: #1c2430; --quiet: #66707f; --line: #d7dce3; --page: #ffffff; --box: #f5f7f9;
  --c0: #1565c0; --c1: #ef6c00; --c2: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --quiet: #9aa4b2; --line: #39424e; --page: #14181d;
  --box: #1d232a; --c0: #64b5f6; --c1: #ffb74d; --c2: #81c784; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 780px;
  margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25em .8em .25em 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--quiet); font-weight: 500; } td.number, th.number { text-align: right; }
td.name { overflow-wrap: anywhere; }
figure { margin: 1em 0; } figcaption { color: var(--quiet); margin-bottom: .3em; }
svg { width: 100%; height: auto; } svg.strip { width: 400px; max-width: 50vw; }
svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
.grid { stroke: var(--line); } .axis { stroke: var(--quiet); } .tick { stroke: var(--c0); stroke-width: 1.5; }
polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.line0 { stroke: var(--c0); } .line1 { stroke: var(--c1); } .line2 { stroke: var(--c2); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: .8em; }
.tile { background: var(--box); border-radius: 8px; padding: .7em 1em; } .tile b { display: block; font-size: 1.5em; }
.tile span { color: var(--quiet); }
pre { background: var(--box); padding: 1em; border-radius: 8px; overflow-x: auto; }
)";

}  // namespace

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>{0}</title>\n<style>{1}</style></head>\n<body>\n<h1>{0}</h1>\n{2}<p>vbq {3}</p>\n</body></html>\n",
      html_text(title), kStyle, body, kVersion);
}

std::string html_row(const std::string& name, const std::string& value) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", html_text(name), html_text(value));
}

std::string html_tile(const std::string& number, const std::string& what) {
  return fmt::format(R"(<div class="tile"><b>{}</b><span>{}</span></div>)", html_text(number), html_text(what)) + "\n";
}

std::string percent_of(const Json& share) { return fmt::format("{:.2f} %", share.at("percent").get<double>()); }

std::string percent_with_interval(const Json& share) {
  return fmt::format("{} ({:.2f} to {:.2f})", percent_of(share), share.at("interval95").at(0).get<double>(),
                     share.at("interval95").at(1).get<double>());
}

std::string codebooks_html(const Json& best) {
  std::string text =
      "<h2>Codebooks</h2>\n<p>A tick a level, from minus to plus the layer's largest.</p>\n"
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
  return text + "</table>\n";
}

// Nothing where the file is not there: a run that has not ended yet has no best.json and no summary.json.
std::optional<Json> read_if_there(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  return read_json(path, "file");
}

}  // namespace vbq
