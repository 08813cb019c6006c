package dev.kapal.runtime.dropin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** {@code list} and {@code ps}. */
final class Listing {
  static final Flags.Spec LIST =
      new Flags.Spec(Set.of("quiet"), Set.of("format"), Map.of("f", "format", "q", "quiet"), true);
  static final Flags.Spec PS =
      new Flags.Spec(Set.of(), Set.of("format"), Map.of("f", "format"), false);

  private static final List<String> HEADS =
      List.of("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");

  private final Session session;

  Listing(Session session) {
    this.session = session;
  }

  /** All containers. A state that cannot be read is told of and left out. */
  void list(Flags flags) {
    List<Map<String, Object>> states = new ArrayList<>();
    for (String id : session.store().ids()) {
      try (Kept kept = session.store().find(id).orElse(null)) {
        if (kept != null) {
          states.add(new LinkedHashMap<>(kept.state()));
        }
      } catch (CommandFailed e) {
        session.console().warn(id + ": " + e.getMessage());
      }
    }
    if (flags.is("quiet")) {
      states.forEach(s -> session.console().print(s.get("id") + "\n"));
      return;
    }
    switch (flags.value("format").orElse("table")) {
      case "json" -> session.console().print(Json.line(states));
      case "table" -> session.console().print(table(states));
      default -> throw new CommandFailed("invalid format option");
    }
  }

  private static String table(List<Map<String, Object>> states) {
    List<List<String>> rows = new ArrayList<>(List.of(HEADS));
    for (Map<String, Object> s : states) {
      rows.add(
          Stream.of("id", "pid", "status", "bundle", "created")
              .map(key -> String.valueOf(s.get(key)))
              .toList());
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        int column = i;
        int width =
            rows.stream()
                .filter(r -> r.size() > column)
                .mapToInt(r -> r.get(column).length())
                .max()
                .orElse(0);
        String cell = row.get(i);
        text.append(cell);
        if (i < row.size() - 1) {
          text.repeat(' ', Math.max(12, width + 3) - cell.length());
        }
      }
      text.append('\n');
    }
    return text.toString();
  }

  /** A container's processes: their ids, or ps(1)'s lines about them. */
  void processes(Flags flags) {
    try (Kept kept = session.store().get(flags.argument(0, "the container's ID"))) {
      List<Integer> pids = Members.of(session.host().linux(), kept);
      switch (flags.value("format").orElse("table")) {
        case "json" -> session.console().print(Json.line(pids));
        case "table" -> {
          List<String> options = flags.arguments().subList(1, flags.arguments().size());
          session.console().print(selected(ps(options.isEmpty() ? List.of("-ef") : options), pids));
        }
        default -> throw new CommandFailed("invalid format option");
      }
    }
  }

  /** The head and the lines whose column PID is one of these. */
  static String selected(String printed, List<Integer> pids) {
    List<String> lines = printed.lines().toList();
    int column =
        lines.isEmpty() ? -1 : List.of(lines.getFirst().strip().split("\\s+")).indexOf("PID");
    if (column < 0) {
      throw new CommandFailed("couldn't find PID field in ps output");
    }
    StringBuilder text = new StringBuilder(lines.getFirst()).append('\n');
    for (String line : lines.subList(1, lines.size())) {
      String[] fields = line.strip().split("\\s+");
      if (fields.length > column
          && fields[column].matches("[0-9]{1,9}")
          && pids.contains(Integer.parseInt(fields[column]))) {
        text.append(line).append('\n');
      }
    }
    return text.toString();
  }

  private String ps(List<String> options) {
    List<String> words = new ArrayList<>(List.of("/bin/ps"));
    words.addAll(options);
    HostProgram.Ended ended = HostProgram.run(session, words);
    if (ended.status() != 0) {
      throw new CommandFailed("/bin/ps " + String.join(" ", options) + " failed");
    }
    return ended.out();
  }
}
