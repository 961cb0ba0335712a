// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/support_bundle.hpp"

#include "cli/node/config_mask.hpp"
#include "cli/node/config_sources.hpp"
#include "cli/ockam/http_get.hpp"
#include "cli/ockam/inspect.hpp"
#include "cli/ockam/launch.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/run_program.hpp"
#include "cli/ockam/views.hpp"
#include "cli/state/files.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/version.hpp"
#include "transports/list.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

namespace ockam::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_log = 4u << 20; ///< of a log, its end
constexpr std::chrono::milliseconds answer_time{2'000};

/// The end of a file, from the beginning of a line on.
std::optional<std::string> end_of(const fs::path& p, std::size_t most = most_log) {
  std::ifstream in{p, std::ios::binary};
  if (!in)
    return std::nullopt;
  in.seekg(0, std::ios::end);
  auto size = static_cast<std::size_t>(std::max<std::streamoff>(0, in.tellg()));
  in.seekg(static_cast<std::streamoff>(size > most ? size - most : 0));
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  return size > most ? text.substr(text.find('\n') + 1) : text;
}

/// The same of several files that go on one another, the oldest first, and how many it takes.
std::pair<std::string, std::size_t> end_of_all(const std::vector<fs::path>& files) {
  std::string out;
  std::size_t taken = 0;
  for (auto f = files.rbegin(); f != files.rend() && out.size() < most_log; ++f)
    if (auto text = end_of(*f, most_log - out.size())) {
      out = *text + out;
      ++taken;
    }
  return {out, taken};
}

class node_gatherer {
 public:
  node_gatherer(invocation& in, const archive_draft& into, std::string node, bundle_contents& contents)
    : in_{in}, into_{into}, node_{std::move(node)}, contents_{contents} {}

  result<void> run() {
    configuration();
    logs();
    snapshot();
    return std::move(ok_);
  }

 private:
  std::string place(const std::string& name) const { return "nodes/" + node_ + "/" + name; }

  void put(const std::string& name, const std::string& text, const std::string& about) {
    if (ok_)
      ok_ = unless_interrupted();
    if (ok_)
      ok_ = into_.add(place(name), text);
    contents_.emplace_back(place(name), about);
  }
  void miss(const std::string& name, const std::string& why) { contents_.emplace_back(place(name), "is missing: " + why); }

  void configuration() {
    auto file = in_.home.config_of_run(node_);
    auto text = state::read_file(file);
    if (!text)
      return miss("node.ini", "it has none, or not at " + file.string() + ", or this user cannot read it");
    sources_ = read_config_sources(*text, file.string());
    for (std::size_t i = 0; i < sources_.files.size(); ++i)
      if (auto one = state::read_file(sources_.files[i]))
        put(i == 0 ? "node.ini" : "included-" + std::to_string(i) + ".ini", "# " + sources_.files[i] + "\n" + masked_config(*one), "its configuration, " + sources_.files[i] + ", without comments and secrets");
    auto printed = run_node_program({"--config", file.string(), "--name", node_, "--print-config"});
    if (printed)
      put("effective.ini", without_secrets(printed->out + printed->err, sources_.secrets), "the configuration as it takes effect, defaults included, and where each value comes from; secrets are not in it");
    else
      miss("effective.ini", printed.error().cause);
  }

  void logs() {
    auto files = in_.home.log_files(node_);
    auto [end, taken] = files ? end_of_all(*files) : std::pair<std::string, std::size_t>{};
    if (taken > 0)
      put("log.txt", without_secrets(end, sources_.secrets), "the end of its log, " + files->back().string() + (taken == 1 ? "" : " and " + std::to_string(taken - 1) + " before it"));
    else
      miss("log.txt", files ? files->back().string() + " cannot be read" : files.error().cause + "; " + files.error().hint);
    if (auto text = end_of(in_.home.node(node_) / "stderr.log"); text && !text->empty())
      put("stderr.txt", without_secrets(*text, sources_.secrets), "what it has written on standard error since its last start");
  }

  result<control::Response> ask(control::Request r) {
    deadline by{answer_time};
    auto c = control_client::connect(in_.home.control_socket(node_).string(), node_, by);
    return c ? c->call(std::move(r), by) : result<control::Response>{std::move(c).error()};
  }

  void snapshot() {
    auto row = known_node(in_, node_);
    if (!row)
      return miss("show.json", row.error().cause);
    auto seen = inspect(in_, *row);
    put("show.json", to_text(seen.data(), false) + "\n", "what 'ockam node show' says of it" + (seen.silent ? "; it did not answer: " + seen.silent->cause : std::string{}));
    if (!seen.info)
      return miss("connections.json", "it does not run, or does not answer; workers, metrics and traces are missing too");
    connections();
    workers();
    difference();
    metrics(seen.info->http_address());
    traces(seen.info->items());
  }

  void connections() {
    auto all = json::array();
    for (const auto& t : transport_descriptors) {
      control::Request r;
      r.mutable_list_connections()->set_transport(std::string{t.name});
      if (auto answer = ask(std::move(r)))
        for (const auto& c : answer->connections().connections()) {
          all.push_back(view(c));
          if (c.lasting())
            peers_.push_back(c.worker_address());
        }
    }
    put("connections.json", to_text(std::move(all), false) + "\n", "its links, with their figures");
  }

  void workers() {
    control::Request r;
    r.mutable_list_workers();
    auto answer = ask(std::move(r));
    if (!answer)
      return miss("workers.json", answer.error().cause);
    auto all = json::array();
    for (const auto& w : answer->workers().workers())
      all.push_back(view(w));
    put("workers.json", to_text(std::move(all), false) + "\n", "its workers");
  }

  void difference() {
    control::Request r;
    r.mutable_compare_config();
    auto answer = ask(std::move(r));
    if (!answer)
      return miss("differences.txt", answer.error().cause);
    std::string text;
    for (const auto& d : answer->config_comparison().differences())
      text += "[" + printable(d.section()) + "] " + printable(d.key()) + ": runs with \"" + printable(d.running()) + "\", the file says \"" + printable(d.file()) + "\"\n";
    put("differences.txt", text.empty() ? "none\n" : text, "what it runs with otherwise than its configuration says");
  }

  void metrics(const std::string& address) {
    if (address.empty())
      return miss("metrics.txt", "it has no [http]");
    std::string token;
    for (const auto& s : sources_.sections)
      for (const auto& e : s.entries) {
        if (s.title == "http" && e.key == "certificate")
          return miss("metrics.txt", "it speaks TLS at " + address + ", which this program does not: curl https://" + address + "/metrics, as a client that its [http] lets in");
        if (s.title == "http" && e.key == "token-file")
          if (auto text = state::read_file(sources_.directories[e.at.file] / e.value.text))
            token = text->substr(0, text->find('\n'));
      }
    auto text = http_get(address, "/metrics", token, answer_time);
    text ? put("metrics.txt", *text, "its figures, as Prometheus gets them") : miss("metrics.txt", text.error().cause + (text.error().hint.empty() ? "" : "; " + text.error().hint));
  }

  void traces(const google::protobuf::RepeatedPtrField<control::Item>& items) {
    std::string text;
    for (const auto& peer : peers_)
      text += trace("connection " + peer, "/worker/" + peer + "/service/echo");
    for (const auto& i : items) {
      if (i.kind() == "secure-channel")
        text += trace("secure channel " + i.name(), "/service/" + i.name() + "/service/echo");
      for (const auto& f : i.fields()) {
        if (f.name() == "to" && i.kind() == "tcp-inlet")
          text += trace_inlet(i.name(), f.value());
        if (f.name() == "at" && i.kind() == "relay")
          text += trace("the node of relay " + i.name(), f.value() + "/service/echo");
      }
    }
    if (text.empty())
      return miss("traces.txt", "it has no connection, inlet, relay or secure channel along which a message could be traced");
    put("traces.txt", text, "a message to each peer, relay and secure channel of its configuration and to the node of each inlet's outlet, hop by hop");
  }

  /// To the echo beside its outlet: the outlet itself takes streams only, and counts what it refuses.
  std::string trace_inlet(const std::string& name, const std::string& route) {
    auto what = "the node of the outlet of inlet " + name;
    auto word = route.find_last_of('/');
    auto kind = word == std::string::npos || word == 0 ? std::string::npos : route.find_last_of('/', word - 1);
    if (kind == std::string::npos)
      return printable(what) + ": " + printable(route) + "\n  no route that can be traced\n";
    if (kind == 0)
      return printable(what) + ": " + printable(route) + "\n  it is this node\n";
    return trace(what, route.substr(0, kind) + "/service/echo");
  }

  std::string trace(const std::string& what, const std::string& route) {
    auto out = printable(what) + ": " + printable(route) + "\n";
    deadline by{answer_time};
    auto c = control_client::connect(in_.home.control_socket(node_).string(), node_, by);
    control::Request r;
    r.mutable_trace_route()->set_route(route);
    auto answer = c ? c->call(std::move(r), by) : result<control::Response>{c.error()};
    for (; answer && answer->has_trace_hop(); answer = c->more(by)) {
      const auto& h = answer->trace_hop();
      out += "  " + std::to_string(h.number()) + "  " + printable(h.address()) + "  " + printable(h.node()) + "  " + printable(h.type()) + "  " + std::to_string(h.round_trip_us()) + " us\n";
    }
    if (!answer)
      return out + "  " + printable(answer.error().cause) + "\n";
    const auto& e = answer->trace_end();
    constexpr std::array<const char*, 4> outcomes{"answered", "arrived, and does not reply", "died", "nothing more came"};
    out += "  " + std::string{outcomes.at(static_cast<std::size_t>(e.outcome()) % outcomes.size())} + " after " + std::to_string(e.round_trip_us()) + " us";
    if (!e.reason().empty())
      out += " at " + printable(e.address()) + ": " + printable(e.reason()) + " " + printable(e.detail());
    return out + "\n";
  }

  invocation& in_;
  const archive_draft& into_;
  const std::string node_;
  bundle_contents& contents_;
  config_sources sources_;
  std::vector<std::string> peers_;
  result<void> ok_;
};

/// Names, sizes and modes; no contents.
std::string listing(const fs::path& root) {
  std::string out;
  std::error_code failed;
  for (const auto& e : fs::recursive_directory_iterator{root, fs::directory_options::skip_permission_denied, failed}) {
    struct stat s {};
    if (::lstat(e.path().c_str(), &s) != 0)
      continue;
    std::array<char, 48> front{};
    std::snprintf(front.data(), front.size(), "%06o %12lld  ", static_cast<unsigned>(s.st_mode), static_cast<long long>(s.st_size));
    out += front.data() + printable(e.path().lexically_relative(root).string()) + "\n";
  }
  return out;
}

std::string versions() {
  auto out = "ockam " + std::string{version} + "\n";
  if (auto node = run_node_program({"--version"}))
    out += node->out;
  if (auto file = find_node_program())
    out += "ockam-node is " + *file + "\n";
  utsname system{};
  if (::uname(&system) == 0)
    out += std::string{system.sysname} + " " + system.release + " " + system.version + " " + system.machine + "\n";
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0)
    out += "descriptors of this shell: " + std::to_string(files.rlim_cur) + " of " + std::to_string(files.rlim_max) + "\n";
  if (auto release = state::read_file("/etc/os-release"))
    out += *release;
  if (auto memory = state::read_file("/proc/meminfo"))
    out += memory->substr(0, memory->find("Buffers"));
  if (auto load = state::read_file("/proc/loadavg"))
    out += "load " + *load;
  return out;
}

} // namespace

result<void> bundle_node(invocation& in, const archive_draft& into, const std::string& node, bundle_contents& contents) {
  return node_gatherer{in, into, node, contents}.run();
}

result<void> bundle_host(invocation& in, const archive_draft& into, bundle_contents& contents) {
  contents.emplace_back("host/versions.txt", "versions of the programs and of the system, limits, load");
  if (auto ok = into.add("host/versions.txt", versions()); !ok)
    return ok;
  contents.emplace_back("host/home.txt", "the files of " + in.home.root().string() + ": modes and sizes, nothing of what is in them");
  return into.add("host/home.txt", listing(in.home.root()));
}

} // namespace ockam::cli
