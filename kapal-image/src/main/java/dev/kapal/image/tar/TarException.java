package dev.kapal.image.tar;

import java.io.IOException;

/** An archive that is malformed, or exceeds a limit. The message names the entry. */
public final class TarException extends IOException {
  private static final long serialVersionUID = 1L;

  /** An archive that breaks a rule. */
  public TarException(String message) {
    super(message);
  }

  /** Hostile text for a message: one line, bounded. */
  public static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    int end = Math.min(text.length(), 200);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (c < ' ' || c == 0x7f) {
        out.append(String.format("\\x%02x", (int) c));
      } else if (c >= 0xdc80 && c <= 0xdcff) {
        out.append(String.format("\\x%02x", c - 0xdc00));
      } else {
        out.append(c);
      }
    }
    return out.append(end < text.length() ? "…\"" : "\"").toString();
  }
}
