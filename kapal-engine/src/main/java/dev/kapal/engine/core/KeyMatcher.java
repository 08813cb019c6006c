package dev.kapal.engine.core;

import dev.kapal.engine.DetachKeys;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * Finds a sequence of keys in a stream. Keys that begin the sequence are held back until it is
 * clear whether the rest follows.
 */
final class KeyMatcher {
  private final List<Integer> keys;
  private int matched;

  KeyMatcher(DetachKeys keys) {
    this.keys = keys.bytes();
  }

  /**
   * What to pass on.
   *
   * @param matched the sequence is complete; what came behind it is dropped
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Result(byte[] pass, boolean matched) {}

  Result feed(byte[] bytes, int length) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(length);
    for (int i = 0; i < length; i++) {
      int b = bytes[i] & 0xff;
      if (b != keys.get(matched)) {
        // A shorter beginning may still be under way.
        int keep = matched;
        while (keep > 0) {
          int next = fallback(keep);
          emit(out, keep - next);
          keep = next;
          if (keys.get(keep) == b) {
            break;
          }
        }
        matched = keep;
      }
      if (b == keys.get(matched)) {
        matched++;
        if (matched == keys.size()) {
          matched = 0;
          return new Result(out.toByteArray(), true);
        }
      } else {
        out.write(b);
      }
    }
    return new Result(out.toByteArray(), false);
  }

  private void emit(ByteArrayOutputStream out, int count) {
    for (int i = 0; i < count; i++) {
      out.write(keys.get(i));
    }
  }

  /** The longest shorter beginning of the sequence that ends the first {@code n} keys of it. */
  private int fallback(int n) {
    for (int k = n - 1; k > 0; k--) {
      if (keys.subList(0, k).equals(keys.subList(n - k, n))) {
        return k;
      }
    }
    return 0;
  }
}
