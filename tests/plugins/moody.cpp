// SPDX-License-Identifier: Apache-2.0
// A plugin that can go wrong in every way that the tests of plugins need.
#include <ockam/service.hpp>

#include <stdexcept>

namespace {

class moody final : public ockam::worker {
 public:
  explicit moody(const ockam::service_options& o)
    : prefix_{o.text("prefix")}, times_{o.number("times", 1, 1, 10)},
      start_{o.choice("start", "well", {"well", "throw", "loop"})} {
    if (o.flag("throw-in-constructor", false))
      throw std::runtime_error{"the constructor was told to throw"};
    if (start_ == "loop")
      loop_for_ever();
  }

  void on_start() override {
    if (start_ == "throw")
      throw std::runtime_error{"on_start was told to throw"};
    log_info("in a good mood");
  }

  void on_message(ockam::message_ptr m) override {
    ++counter("asked");
    auto text = std::string{m->text().value_or("")};
    if (text == "throw")
      throw std::runtime_error{"told to throw"};
    if (text == "loop")
      loop_for_ever();
    if (text == "answer twice")
      reply_text(std::move(m), "first");
    std::string answer;
    for (std::int64_t i = 0; i < times_; ++i)
      answer += prefix_ + text;
    reply_text(std::move(m), answer);
  }

 private:
  void loop_for_ever() {
    while (!let_go_)
      ;
  }

  std::string prefix_;
  std::int64_t times_;
  std::string start_;
  volatile bool let_go_ = false; // nobody does
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<moody>()};
