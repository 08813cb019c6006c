package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The environment of socket activation, see sd_listen_fds(3). */
final class SystemdSockets {
  private static final int MOST = 256;

  private SystemdSockets() {}

  /** One element for each descriptor from 3 on: its name if it has one. */
  static List<Optional<String>> names(Map<String, String> environment, long pid) {
    String owner = environment.getOrDefault("LISTEN_PID", "");
    if (!owner.equals(Long.toString(pid))) {
      return List.of();
    }
    String text = environment.getOrDefault("LISTEN_FDS", "0");
    if (!text.matches("\\d{1,3}") || Integer.parseInt(text) > MOST) {
      throw new ProcFormatException("LISTEN_FDS", text, "a number of descriptors");
    }
    int count = Integer.parseInt(text);
    String all = environment.getOrDefault("LISTEN_FDNAMES", "");
    String[] given = all.isEmpty() ? new String[0] : all.split(":", -1);
    List<Optional<String>> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add(i < given.length && !given[i].isEmpty() ? Optional.of(given[i]) : Optional.empty());
    }
    return names;
  }
}
