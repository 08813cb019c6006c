package dev.kapal.streaming.server;

import dev.kapal.streaming.TerminalSize;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The sizes on a resize stream: JSON objects, one after another, such as <code>
 * {"Width":80,"Height":24}</code>.
 */
final class Sizes {
  private static final int MAX_OBJECT = 256;
  private static final Pattern WIDTH = Pattern.compile("\"Width\"\\s*:\\s*([0-9]{1,5})\\b");
  private static final Pattern HEIGHT = Pattern.compile("\"Height\"\\s*:\\s*([0-9]{1,5})\\b");

  private Sizes() {}

  /** Reports each size until the stream ends. What is not a size is passed over. */
  static void read(InputStream stream, Consumer<TerminalSize> listener) throws IOException {
    StringBuilder object = new StringBuilder();
    for (int c = stream.read(); c >= 0; c = stream.read()) {
      if (object.length() < MAX_OBJECT) {
        object.append((char) c);
      }
      if (c == '}') {
        parse(object).ifPresent(listener);
        object.setLength(0);
      }
    }
  }

  static Optional<TerminalSize> parse(CharSequence object) {
    Matcher width = WIDTH.matcher(object);
    Matcher height = HEIGHT.matcher(object);
    if (!width.find() || !height.find()) {
      return Optional.empty();
    }
    int columns = Integer.parseInt(width.group(1));
    int rows = Integer.parseInt(height.group(1));
    // struct winsize holds 16 bits; 0 by 0 is what a client without a terminal sends.
    return columns > 0 && rows > 0 && columns <= 0xffff && rows <= 0xffff
        ? Optional.of(new TerminalSize(columns, rows))
        : Optional.empty();
  }
}
