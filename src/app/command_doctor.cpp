// vbq doctor: what of this machine hinders a run, and what to do about it.
#include <algorithm>
#include <set>

#include "app/commands.hpp"
#include "app/doctor.hpp"
#include "cluster/launcher.hpp"
#include "core/check.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "run/ranks.hpp"

namespace vbq {
namespace {

const char* name_of(Health health) {
  return health == Health::fine ? "fine" : health == Health::note ? "note" : "wrong";
}

// Collective.
Finding examine_ranks(Communicator& world) {
  const std::vector<std::string> hosts = world.gather(world.host());
  const std::set<std::string> different(hosts.begin(), hosts.end());
  return {"mpi", Health::fine,
          fmt::format("{}; {} ranks, hosts: {}{}", mpi_library(), world.size(), fmt::join(different, ", "),
                      world.mpi_goes_on() ? "; they go on without a lost worker" : ""),
          ""};
}

int tell(const std::vector<Finding>& findings, const CommonOptions& common) {
  const auto wrong = std::ranges::count(findings, Health::wrong, &Finding::health);
  Json json{{"findings", Json::array()}, {"hindrances", wrong}};
  std::string text;
  for (const Finding& finding : findings) {
    json["findings"].push_back({{"what", finding.what},
                                {"health", name_of(finding.health)},
                                {"found", finding.found},
                                {"advice", finding.advice}});
    text += fmt::format("{:<7} {:<6} {}\n", finding.what, name_of(finding.health), finding.found);
    if (!finding.advice.empty()) text += fmt::format("{:>15}{}\n", "-> ", finding.advice);
  }
  text += wrong == 0 ? "nothing hinders a run\n" : fmt::format("hindrances: {}\n", wrong);
  if (common.json) {
    print_json(json);
  } else {
    print(text);
  }
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int command_doctor(const DoctorArguments& arguments, const CommonOptions& common) {
  return on_all_ranks([&](Communicator& world) {
    if (arguments.ranks) {
      if (world.rank() != 0) return 0;
      if (common.json) {
        print_json({{"ranks", world.size()}});
      } else {
        print(fmt::format("{} ranks\n", world.size()));
      }
      return 0;
    }
    const Finding mpi = launched_by_mpi() ? examine_ranks(world) : examine_launcher();
    if (world.rank() != 0) return 0;
    std::vector<Finding> findings = examine_machine(common.engine);
    findings.push_back(mpi);
    return tell(findings, common);
  });
}

}  // namespace vbq
