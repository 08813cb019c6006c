package dev.kapal.linux;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Signals by name and number, see signal(7); the numbers of x86-64 and arm64. */
public final class Signals {
  public static final int SIGHUP = 1;
  public static final int SIGINT = 2;
  public static final int SIGQUIT = 3;
  public static final int SIGKILL = 9;
  public static final int SIGUSR1 = 10;
  public static final int SIGTERM = 15;
  public static final int SIGCHLD = 17;
  public static final int SIGCONT = 18;
  public static final int SIGSTOP = 19;
  public static final int SIGWINCH = 28;

  private static final int RTMIN = 34;
  private static final int RTMAX = 64;

  private static final List<String> NAMES =
      List.of(
          "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
          "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
          "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");

  private Signals() {}

  /**
   * Reads "9", "KILL", "SIGKILL", "RTMIN+3" or "RTMAX-1", in any case, strictly; empty when it is
   * none of 1 to 64.
   */
  public static Optional<Integer> parse(String text) {
    String name = text.toUpperCase(Locale.ROOT);
    if (!name.isEmpty() && name.length() <= 2 && name.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return valid(Integer.parseInt(name));
    }
    String bare = name.startsWith("SIG") ? name.substring(3) : name;
    int index = NAMES.indexOf(bare);
    if (index > 0) {
      return Optional.of(index);
    }
    return switch (bare) {
      case "IOT" -> Optional.of(6);
      case "CLD" -> Optional.of(17);
      case "POLL" -> Optional.of(29);
      case "RTMIN" -> Optional.of(RTMIN);
      case "RTMAX" -> Optional.of(RTMAX);
      default -> realTime(bare);
    };
  }

  /** The name with SIG; SIGRTMIN+N, or the number for 32 and 33. */
  public static String name(int signal) {
    if (signal > 0 && signal < NAMES.size()) {
      return "SIG" + NAMES.get(signal);
    }
    if (signal == RTMIN) {
      return "SIGRTMIN";
    }
    if (signal > RTMIN && signal <= RTMAX) {
      return signal == RTMAX ? "SIGRTMAX" : "SIGRTMIN+" + (signal - RTMIN);
    }
    return Integer.toString(signal);
  }

  private static Optional<Integer> realTime(String bare) {
    if (!bare.matches("RTM(IN\\+|AX-)\\d{1,2}")) {
      return Optional.empty();
    }
    int distance = Integer.parseInt(bare.substring(6));
    int signal = bare.startsWith("RTMIN") ? RTMIN + distance : RTMAX - distance;
    return signal >= RTMIN ? valid(signal) : Optional.empty();
  }

  private static Optional<Integer> valid(int signal) {
    return signal >= 1 && signal <= RTMAX ? Optional.of(signal) : Optional.empty();
  }
}
