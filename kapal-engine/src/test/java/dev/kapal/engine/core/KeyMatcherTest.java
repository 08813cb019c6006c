package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.DetachKeys;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Detach keys in a stream, however it is cut. */
class KeyMatcherTest {
  private static String feed(String keys, String input, int cut) {
    KeyMatcher m = new KeyMatcher(new DetachKeys(keys.chars().boxed().toList()));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] bytes = input.getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < bytes.length; i += cut) {
      int n = Math.min(cut, bytes.length - i);
      KeyMatcher.Result r = m.feed(java.util.Arrays.copyOfRange(bytes, i, i + n), n);
      out.writeBytes(r.pass());
      if (r.matched()) {
        return out.toString(StandardCharsets.US_ASCII) + "!";
      }
    }
    return out.toString(StandardCharsets.US_ASCII);
  }

  @Test
  void findsTheKeysAndPassesAllElseOn() {
    for (int cut : List.of(1, 2, 3, 100)) {
      assertThat(feed("pq", "hello pq", cut)).isEqualTo("hello !");
      assertThat(feed("pq", "ppq", cut)).isEqualTo("p!");
      assertThat(feed("pq", "pxpq", cut)).isEqualTo("px!");
      assertThat(feed("aab", "aaab", cut)).isEqualTo("a!");
      assertThat(feed("abab", "abaabab", cut)).isEqualTo("aba!");
    }
  }

  @Test
  void agreesWithSearchingTheWhole() {
    Random random = new Random(3);
    for (int i = 0; i < 5000; i++) {
      String keys = word(random, 1 + random.nextInt(4));
      String input = word(random, random.nextInt(30));
      int at = input.indexOf(keys);
      String expected;
      if (at >= 0) {
        expected = input.substring(0, at) + "!";
      } else {
        // The end that may still become the keys is held back.
        int keep = 0;
        for (int k = 1; k < keys.length(); k++) {
          if (input.endsWith(keys.substring(0, k))) {
            keep = k;
          }
        }
        expected = input.substring(0, input.length() - keep);
      }
      assertThat(feed(keys, input, 1 + random.nextInt(5)))
          .as(keys + " in " + input)
          .isEqualTo(expected);
    }
  }

  private static String word(Random random, int length) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < length; i++) {
      s.append((char) ('a' + random.nextInt(2)));
    }
    return s.toString();
  }

  @Test
  void readsKeysAsPeopleWriteThem() {
    assertThat(DetachKeys.parse("ctrl-p,ctrl-q")).isEqualTo(DetachKeys.DEFAULT);
    assertThat(DetachKeys.parse("x,ctrl-@,ctrl-[").bytes()).containsExactly((int) 'x', 0, 27);
    for (String bad : List.of("", "ctrl-", "ctrl-1", "ab", "ctrl-p,")) {
      assertThatThrownBy(() -> DetachKeys.parse(bad)).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
