package dev.kapal.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Keys that, pressed one after the other, end an attachment. */
public record DetachKeys(List<Integer> bytes) {
  /** Ctrl-P, Ctrl-Q. */
  public static final DetachKeys DEFAULT = new DetachKeys(List.of(16, 17));

  public DetachKeys {
    bytes = List.copyOf(bytes);
    if (bytes.isEmpty() || bytes.size() > 16) {
      throw new IllegalArgumentException("detach keys are one to sixteen keys");
    }
  }

  /**
   * Reads {@code ctrl-p,ctrl-q}: single characters and {@code ctrl-} with {@code a} to {@code z},
   * {@code @ [ \ ] ^ _}.
   *
   * @throws IllegalArgumentException when a key is none of these
   */
  public static DetachKeys parse(String text) {
    List<Integer> keys = new ArrayList<>();
    for (String key : text.split(",", -1)) {
      String k = key.toLowerCase(Locale.ROOT);
      if (key.length() == 1 && key.charAt(0) < 128) {
        keys.add((int) key.charAt(0));
      } else if (k.length() == 6 && k.startsWith("ctrl-")) {
        char c = k.charAt(5);
        if (c >= 'a' && c <= 'z') {
          keys.add(c - 'a' + 1);
        } else if (c == '@' || (c >= '[' && c <= '_')) {
          keys.add(c - '@');
        } else {
          throw unknown(key, text);
        }
      } else {
        throw unknown(key, text);
      }
    }
    return new DetachKeys(keys);
  }

  private static IllegalArgumentException unknown(String key, String text) {
    return new IllegalArgumentException(
        "detach key \"" + key + "\" in \"" + text + "\" is not known: write as in ctrl-p,ctrl-q");
  }
}
