package dev.kapal.engine.logs;

import dev.kapal.engine.LogEntry.Stream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The two forms of log files. Whatever is not well-formed is passed over. */
public enum LogFormat {
  /** Docker's json-file: {@code {"log":"…\n","stream":"stdout","time":"…"}}. */
  JSON_FILE {
    @Override
    Optional<LogLine> parse(byte[] b, int offset, int length) {
      String log = null;
      String stream = "stdout";
      String time = null;
      try (JsonParser p = JSON.createParser(ObjectReadContext.empty(), b, offset, length)) {
        if (p.nextToken() != JsonToken.START_OBJECT) {
          return Optional.empty();
        }
        while (p.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = p.currentName();
          JsonToken t = p.nextToken();
          if (t == JsonToken.VALUE_STRING) {
            switch (name) {
              case "log" -> log = p.getString();
              case "stream" -> stream = p.getString();
              case "time" -> time = p.getString();
              default -> {}
            }
          } else {
            p.skipChildren();
          }
        }
        if (log == null || time == null) {
          return Optional.empty();
        }
        byte[] content = log.getBytes(StandardCharsets.UTF_8);
        boolean whole = content.length > 0 && content[content.length - 1] == '\n';
        return Optional.of(
            new LogLine(
                Instant.parse(time),
                stream.equals("stderr") ? Stream.STDERR : Stream.STDOUT,
                content,
                !whole));
      } catch (JacksonException | DateTimeException e) {
        return Optional.empty();
      }
    }
  },

  /** The kubelet's: {@code TIME STREAM F|P CONTENT}. */
  CRI {
    @Override
    Optional<LogLine> parse(byte[] b, int offset, int length) {
      int end = offset + length;
      int one = find(b, offset, end);
      int two = one < 0 ? -1 : find(b, one + 1, end);
      int three = two < 0 ? -1 : find(b, two + 1, end);
      if (two < 0) {
        return Optional.empty();
      }
      if (three < 0) {
        three = end;
      }
      try {
        Instant time =
            java.time.OffsetDateTime.parse(
                    new String(b, offset, one - offset, StandardCharsets.US_ASCII))
                .toInstant();
        String stream = new String(b, one + 1, two - one - 1, StandardCharsets.US_ASCII);
        boolean partial = three > two + 1 && b[two + 1] == 'P';
        int from = Math.min(end, three + 1);
        byte[] content = new byte[end - from + (partial ? 0 : 1)];
        System.arraycopy(b, from, content, 0, end - from);
        if (!partial) {
          content[content.length - 1] = '\n';
        }
        return Optional.of(
            new LogLine(
                time, stream.equals("stderr") ? Stream.STDERR : Stream.STDOUT, content, partial));
      } catch (DateTimeException e) {
        return Optional.empty();
      }
    }
  };

  private static final JsonFactory JSON = new JsonFactory();

  /** Reads a record without its line end. */
  abstract Optional<LogLine> parse(byte[] b, int offset, int length);

  private static int find(byte[] b, int from, int end) {
    for (int i = from; i < end; i++) {
      if (b[i] == ' ') {
        return i;
      }
    }
    return -1;
  }
}
