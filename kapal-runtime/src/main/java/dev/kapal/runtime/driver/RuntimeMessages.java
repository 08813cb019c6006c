package dev.kapal.runtime.driver;

import dev.kapal.runtime.ContainerException.LaunchFailed.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a runtime said went wrong: from its JSON log ({@code --log-format json}), else from what it
 * printed. Everything here is text of a program that may be lying: it is capped and cleaned.
 */
public final class RuntimeMessages {
  private static final int MOST = 600;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final Pattern LOGRUS = Pattern.compile("level=(?:error|fatal) msg=\"(.*)\"");
  private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}\\uFFFD]+");
  private static final List<String> BAD = List.of("error", "fatal", "panic");

  private RuntimeMessages() {}

  /** The error that ended it; empty when it gave none. */
  public static Optional<String> error(String log, String printed) {
    return fromLog(log).or(() -> fromText(printed)).map(RuntimeMessages::clean);
  }

  private static Optional<String> fromLog(String log) {
    String last = "";
    for (String line : log.lines().toList()) {
      if (!line.startsWith("{")) {
        continue;
      }
      try {
        JsonNode entry = MAPPER.readTree(line);
        String message = entry.path("msg").asString("");
        if (BAD.contains(entry.path("level").asString("").toLowerCase(Locale.ROOT))
            && !message.isBlank()) {
          last = message;
        }
      } catch (JacksonException _) {
        // Garbage, or a line that was cut off.
      }
    }
    return last.isEmpty() ? Optional.empty() : Optional.of(last);
  }

  /** The last line that says something; crun and logrus have forms of their own. */
  private static Optional<String> fromText(String printed) {
    String last = "";
    for (String line : printed.lines().toList()) {
      Matcher logrus = LOGRUS.matcher(line);
      if (logrus.find()) {
        last = logrus.group(1).replace("\\\"", "\"");
      } else if (!line.isBlank()) {
        last = line;
      }
    }
    return last.isEmpty() ? Optional.empty() : Optional.of(last);
  }

  /** One line of it, capped, without what could upset a terminal. */
  public static String clean(String text) {
    String one = CONTROL.matcher(text).replaceAll(" ").strip();
    return one.length() > MOST ? one.substring(0, MOST) + "…" : one;
  }

  /** Whether it was the container's program that could not be executed. */
  public static Kind kind(String message) {
    String text = message.toLowerCase(Locale.ROOT);
    boolean exec = text.contains("exec") || text.contains("starting container process");
    if (text.contains("executable file not found")
        || text.contains("executable file `")
        || (exec && text.contains("stat ") && text.contains("no such file"))
        || text.contains("error finding executable")
        || (text.contains("starting sandbox") && text.contains("no such file"))
        || (text.contains("starting root container") && text.contains("no such file"))
        || (text.contains("starting sub-container") && text.contains("no such file"))
        || (exec && text.contains("failed to load"))) {
      return Kind.NOT_FOUND;
    }
    return exec && (text.contains("permission denied") || text.contains("exec format error"))
        ? Kind.NOT_EXECUTABLE
        : Kind.SETUP;
  }
}
