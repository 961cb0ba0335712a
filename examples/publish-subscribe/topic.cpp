// SPDX-License-Identifier: Apache-2.0
// A topic: who subscribes gets what others publish. A request is text:
//
//     subscribe            from now on, what is published goes back along the route of this message; answered
//                          with `subscribed`. Again: the subscription goes on, which is how it is kept
//     unsubscribe          answered with `unsubscribed`
//     publish TEXT         TEXT goes to each subscriber; answered with to how many
//
// A subscriber that is gone cannot say so: a subscription ends when it was not renewed for `lease` (5m). At most
// `max-subscribers` (1,000) at a time.
#include <ockam/service.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace {

using clock_type = std::chrono::steady_clock;

class topic final : public ockam::worker {
 public:
  explicit topic(const ockam::service_options& o)
    : lease_{o.duration("lease", std::chrono::minutes{5})}, most_{static_cast<std::size_t>(o.number("max-subscribers", 1000, 1))} {
    if (lease_ < std::chrono::milliseconds{100})
      o.reject("lease", "at least 100ms");
  }

  void on_start() override { set_timer(lease_ / 2); }

  void on_timer(std::uint64_t) override {
    std::erase_if(subscribers_, [now = clock_type::now()](const auto& s) { return s.second < now; });
    show();
    set_timer(lease_ / 2);
  }

  void on_message(ockam::message_ptr m) override {
    auto text = std::string{m->text().value_or("")};
    if (text == "subscribe")
      subscribe(std::move(m));
    else if (text == "unsubscribe")
      unsubscribe(std::move(m));
    else if (text.starts_with("publish "))
      publish(std::move(m), std::string_view{text}.substr(8));
    else
      reply_error(std::move(m), "a request is: subscribe, unsubscribe, or publish TEXT");
  }

 private:
  void subscribe(ockam::message_ptr m) {
    auto who = m->return_route();
    if (who.empty())
      return drop(std::move(m), ockam::drop_reason::bad_route, "nobody to send to");
    if (!subscribers_.contains(who) && subscribers_.size() >= most_)
      return reply_error(std::move(m), "there are " + std::to_string(most_) + " subscribers already");
    subscribers_[who] = clock_type::now() + lease_;
    show();
    reply_text(std::move(m), "subscribed");
  }

  void unsubscribe(ockam::message_ptr m) {
    subscribers_.erase(m->return_route());
    show();
    reply_text(std::move(m), "unsubscribed");
  }

  void publish(ockam::message_ptr m, std::string_view text) {
    auto now = clock_type::now();
    std::size_t n = 0;
    for (const auto& [route, until] : subscribers_)
      if (until >= now) {
        send(route, ockam::text_payload(text));
        ++n;
      }
    counter("published").fetch_add(1);
    reply_text(std::move(m), std::to_string(n));
  }

  void show() { counter("subscribers").store(subscribers_.size()); }

  std::chrono::milliseconds lease_;
  std::size_t most_;
  std::map<ockam::route, clock_type::time_point> subscribers_;
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<topic>()};
