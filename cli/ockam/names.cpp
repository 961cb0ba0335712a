// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/names.hpp"

#include <array>
#include <random>
#include <string_view>

namespace ockam::cli {

namespace {

constexpr std::array<std::string_view, 64> adjectives{
  "amber",   "ample",  "apt",    "azure",  "bold",   "brave",  "bright", "brisk",  "calm",   "candid", "clear",
  "clever",  "cosy",   "crisp",  "curious", "daring", "deft",   "eager",  "early",  "easy",   "fair",   "fancy",
  "fleet",   "fond",   "fresh",  "gentle", "glad",   "golden", "grand",  "hardy",  "honest", "humble", "jolly",
  "keen",    "kind",   "light",  "lively", "lucid",  "lucky",  "mellow", "merry",  "mild",   "modest", "neat",
  "nimble",  "noble",  "patient", "placid", "plucky", "proud",  "quick",  "quiet",  "rapid",  "ready",  "robust",
  "serene",  "silent", "sleek",  "smooth", "steady", "sunny",  "swift",  "tidy",   "wise"};

constexpr std::array<std::string_view, 64> animals{
  "adder",   "alpaca", "auk",     "badger", "bat",     "beaver",  "bison",  "bittern", "boar",    "bream",  "buzzard",
  "camel",   "carp",   "civet",   "cod",    "coot",    "crane",   "cricket", "curlew", "deer",    "dove",   "eagle",
  "eel",     "egret",  "eider",   "elk",    "falcon",  "ferret",  "finch",  "fox",     "gannet",  "gecko",  "gibbon",
  "goose",   "grouse", "gull",    "hare",   "hawk",    "heron",   "ibex",   "ibis",    "jackal",  "kestrel", "kite",
  "lark",    "lemur",  "linnet",  "llama",  "lynx",    "marten",  "mole",   "newt",    "otter",   "owl",    "panda",
  "petrel",  "plover", "puffin",  "raven",  "robin",   "seal",    "stork",  "tern",    "wren"};

} // namespace

std::string two_words() {
  std::random_device random;
  return std::string{adjectives[random() % adjectives.size()]} + "-" + std::string{animals[random() % animals.size()]};
}

} // namespace ockam::cli
