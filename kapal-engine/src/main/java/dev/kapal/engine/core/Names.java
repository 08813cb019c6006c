package dev.kapal.engine.core;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Names for containers whose makers have none: a word of the sea and a kind of ship. */
final class Names {
  private static final List<String> WORDS =
      List.of(
          "amber", "azure", "brave", "brisk", "bright", "calm", "clear", "coral", "dawn", "deep",
          "eager", "early", "fair", "fleet", "free", "gentle", "golden", "grand", "green", "hardy",
          "keen", "kind", "late", "light", "lively", "lone", "lucky", "merry", "mild", "misty",
          "noble", "north", "pale", "patient", "plain", "proud", "quick", "quiet", "rapid", "rosy",
          "salty", "silent", "silver", "smooth", "snug", "south", "stark", "steady", "still",
          "stout", "sunny", "swift", "tidal", "trusty", "vast", "warm", "west", "wide", "windy",
          "young");
  private static final List<String> SHIPS =
      List.of(
          "bark",
          "barge",
          "brig",
          "caravel",
          "carrack",
          "catboat",
          "clipper",
          "cog",
          "coracle",
          "corvette",
          "cutter",
          "dhow",
          "dinghy",
          "dory",
          "felucca",
          "ferry",
          "frigate",
          "galleon",
          "galley",
          "gondola",
          "gulet",
          "jangada",
          "jukung",
          "junk",
          "kayak",
          "ketch",
          "knarr",
          "lugger",
          "packet",
          "perahu",
          "pinisi",
          "pinnace",
          "pirogue",
          "proa",
          "punt",
          "raft",
          "sampan",
          "schooner",
          "shallop",
          "skiff",
          "sloop",
          "tjalk",
          "trawler",
          "trimaran",
          "tug",
          "wherry",
          "xebec",
          "yacht",
          "yawl");

  private Names() {}

  static String random() {
    ThreadLocalRandom r = ThreadLocalRandom.current();
    return WORDS.get(r.nextInt(WORDS.size()))
        + "_"
        + SHIPS.get(r.nextInt(SHIPS.size()))
        + "_"
        + r.nextInt(1000);
  }
}
