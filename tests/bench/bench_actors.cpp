// SPDX-License-Identifier: Apache-2.0
// The same two actors asked by the same client, over a route and over CAF's own remoting with its defaults.
//
//   bench-actors serve [OPTIONS OF ockam-node]                 a node with the services `text` and `typed`
//   bench-actors load [OPTIONS] -- ROUTE KIND IN_FLIGHT SECONDS  prints replies a second; KIND: text, typed
//   bench-actors caf-serve                                     prints `listening caf HOST:PORT PORT`: of text, of typed
//   bench-actors caf-load PORT KIND IN_FLIGHT SECONDS
#include <ockam/actor_main.hpp>
#include <ockam/node_main.hpp>

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace bench {

struct sample {
  std::int64_t time = 0;
  double value = 0;
  std::string name;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, sample& s) {
  return f(caf::meta::type_name("sample"), s.time, s.value, s.name);
}

using store = caf::typed_actor<caf::replies_to<sample>::with<sample>>;

store::behavior_type typed_echo(store::pointer) {
  return {[](const sample& s) { return s; }};
}

caf::behavior text_echo(caf::event_based_actor*) {
  return {[](const ockam::request& r) { return r.text(); }};
}

caf::behavior caf_text_echo(caf::event_based_actor*) {
  return {[](const std::string& s) { return s; }};
}

/// Keeps so many requests in flight, for so long.
struct plan {
  int in_flight;
  std::chrono::duration<double> time;
};

template <class Reply, class Handle, class Message>
class asking : public caf::event_based_actor {
 public:
  asking(caf::actor_config& cfg, Handle h, Message m, plan p, double* per_second)
    : caf::event_based_actor{cfg}, to_{std::move(h)}, what_{std::move(m)}, plan_{p}, per_second_{per_second} {}

  caf::behavior make_behavior() override {
    for (int i = 0; i < plan_.in_flight; ++i)
      ask();
    return {[](caf::ok_atom) {}};
  }

 private:
  using clock = std::chrono::steady_clock;

  void ask() {
    request(to_, caf::infinite, what_)
      .then([this](const Reply&) { replied(); },
            [this](const caf::error& e) {
              std::fprintf(stderr, "a request failed: %s\n", ockam::error_of(e).cause.c_str());
              quit();
            });
  }
  void replied() {
    auto taken = clock::now() - since_;
    ++replies_;
    if (warm_ && taken >= plan_.time) {
      *per_second_ = static_cast<double>(replies_) / std::chrono::duration<double>{taken}.count();
      return quit();
    }
    if (!warm_ && taken >= plan_.time / 10) {
      warm_ = true;
      since_ = clock::now();
      replies_ = 0;
    }
    ask();
  }

  Handle to_;
  Message what_;
  plan plan_;
  double* per_second_;
  clock::time_point since_ = clock::now();
  std::uint64_t replies_ = 0;
  bool warm_ = false;
};

template <class Reply, class Handle, class Message>
double measure(caf::actor_system& system, Handle to, Message what, plan p) {
  double per_second = 0;
  caf::scoped_actor self{system};
  self->wait_for(system.spawn<asking<Reply, Handle, Message>>(std::move(to), std::move(what), p, &per_second));
  return per_second;
}

plan plan_of(const std::string& in_flight, const std::string& seconds) {
  return {std::stoi(in_flight), std::chrono::duration<double>{std::stod(seconds)}};
}

const std::string text(64, 'x');
const sample one{1'234'567, 0.5, "temperature"};

void load(caf::actor_system& system, const ockam::arguments& words) {
  auto p = plan_of(words.at(2), words.at(3));
  if (words[1] == "typed")
    std::printf("%f\n", measure<sample>(system, ockam::remote_as<store>(system, words[0]), one, p));
  else
    std::printf("%f\n", measure<ockam::reply>(system, ockam::remote(system, words[0]), text, p));
}

// -- CAF alone -----------------------------------------------------------------------------------------

struct caf_config : caf::actor_system_config {
  caf_config() {
    load<caf::io::middleman>();
    add_message_type<sample>("sample");
  }
};

int caf_serve() {
  caf_config config;
  caf::actor_system system{config};
  auto texts = system.middleman().publish(system.spawn(caf_text_echo), 0, "127.0.0.1");
  auto samples = system.middleman().publish(system.spawn(typed_echo), 0, "127.0.0.1");
  if (!texts || !samples)
    return 1;
  std::printf("listening text %d\nlistening typed %d\nis ready\n", *texts, *samples);
  std::fflush(stdout);
  system.await_all_actors_done(); // until it is killed
  return 0;
}

int caf_load(const ockam::arguments& words) {
  caf_config config;
  caf::actor_system system{config};
  auto port = static_cast<std::uint16_t>(std::stoi(words.at(0)));
  auto p = plan_of(words.at(2), words.at(3));
  double per_second = 0;
  if (words[1] == "typed") {
    if (auto far = system.middleman().remote_actor<store>("127.0.0.1", port))
      per_second = measure<sample>(system, *far, one, p);
  } else if (auto far = system.middleman().remote_actor("127.0.0.1", port)) {
    per_second = measure<std::string>(system, *far, text, p);
  }
  std::printf("%f\n", per_second);
  return per_second > 0 ? 0 : 1;
}

} // namespace bench

int main(int argc, char** argv) {
  std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "caf-serve")
    return bench::caf_serve();
  if (mode == "caf-load")
    return bench::caf_load({argv + 2, argv + argc});
  if (argc > 1)
    argv[1] = argv[0];
  if (mode == "serve")
    return ockam::node_main(
      argc - 1, argv + 1,
      {ockam::actor_service("text", bench::text_echo), ockam::actor_service("typed", bench::typed_echo)});
  if (mode == "load")
    return ockam::actor_main(argc - 1, argv + 1, bench::load);
  std::fputs("usage: see the head of tests/bench/bench_actors.cpp\n", stderr);
  return 64;
}
