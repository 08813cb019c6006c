package dev.kapal.runtime.driver;

import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What CRIU writes down while it works. */
public final class CriuLog {
  private static final Pattern ERROR = Pattern.compile("Error \\([^)]*\\): (.+)");

  /** What it tries and can do without: raising a limit, the probe for devices of tun. */
  private static final Pattern HARMLESS = Pattern.compile("(rlimit: |tun: Unable to create).*");

  private static final int MOST = 8 << 20;

  private CriuLog() {}

  /** The first thing that it calls an error, beside what it goes on from. */
  public static Optional<String> reason(Linux linux, Fd directory, String name) {
    try (Fd file = linux.descriptors().openat(directory, name, O_RDONLY)) {
      byte[] bytes = linux.descriptors().readFully(file, MOST);
      Matcher matcher = ERROR.matcher(new String(bytes, StandardCharsets.UTF_8));
      while (matcher.find()) {
        if (!HARMLESS.matcher(matcher.group(1)).matches()) {
          return Optional.of(RuntimeMessages.clean(matcher.group(1)));
        }
      }
      return Optional.empty();
    } catch (ErrnoException _) {
      return Optional.empty();
    }
  }
}
