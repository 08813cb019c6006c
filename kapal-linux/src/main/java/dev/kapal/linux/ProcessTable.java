package dev.kapal.linux;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What /proc says of processes. */
final class ProcessTable {
  private ProcessTable() {}

  static Optional<ProcessInfo> info(int pid) {
    String folder = "/proc/" + pid;
    Optional<String> stat = ProcFiles.textIfExists(folder + "/stat");
    Optional<String> status = ProcFiles.textIfExists(folder + "/status");
    Optional<String> command = ProcFiles.textIfExists(folder + "/cmdline");
    if (stat.isEmpty() || status.isEmpty() || command.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(combine(ProcessStat.parse(stat.get()), status.get(), command.get()));
  }

  private static ProcessInfo combine(ProcessStat stat, String status, String command) {
    long uid =
        ProcFiles.field(status, "Uid").map(ids -> Long.valueOf(ids.split("\\s+")[0])).orElse(0L);
    // Kernel threads and zombies have none.
    long resident =
        ProcFiles.field(status, "VmRSS")
            .map(text -> Long.parseLong(text.split("\\s+")[0]) * 1024)
            .orElse(0L);
    return new ProcessInfo(
        stat.pid(),
        stat.parent(),
        stat.name(),
        stat.state(),
        stat.session(),
        Device.of(Integer.toUnsignedLong(stat.terminal())),
        uid,
        stat.threads(),
        Duration.ofMillis(stat.userTicks() * 10),
        Duration.ofMillis(stat.systemTicks() * 10),
        stat.startTime(),
        stat.virtualBytes(),
        resident,
        words(command));
  }

  private static List<String> words(String command) {
    if (command.isEmpty()) {
      return List.of();
    }
    String text = command.endsWith("\0") ? command.substring(0, command.length() - 1) : command;
    return List.of(text.split("\0", -1));
  }

  static List<ProcessInfo> list() {
    List<ProcessInfo> processes = new ArrayList<>();
    for (int pid : pids()) {
      info(pid).ifPresent(processes::add);
    }
    return processes;
  }

  static List<Integer> children(int pid) {
    List<Integer> children = new ArrayList<>();
    for (int candidate : pids()) {
      ProcFiles.textIfExists("/proc/" + candidate + "/stat")
          .map(ProcessStat::parse)
          .filter(stat -> stat.parent() == pid)
          .ifPresent(stat -> children.add(stat.pid()));
    }
    return children;
  }

  private static List<Integer> pids() {
    long opened =
        SystemDescriptors.tryOpenat(Fcntl.AT_FDCWD, "/proc", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    try (Fd directory = Fd.of((int) Sys.check(opened, "open", "/proc"))) {
      return DirectoryReader.list(directory).stream()
          .map(DirEntry::name)
          .filter(name -> name.chars().allMatch(c -> c >= '0' && c <= '9'))
          .map(Integer::valueOf)
          .toList();
    }
  }

  /** Lines "number:controllers:path". */
  static Map<String, String> cgroups(String text) {
    Map<String, String> paths = new LinkedHashMap<>();
    for (String line : text.split("\n", -1)) {
      if (line.isEmpty()) {
        continue;
      }
      String[] part = line.split(":", 3);
      if (part.length != 3) {
        throw new ProcFormatException("/proc/PID/cgroup", line, "NUMBER:CONTROLLERS:PATH");
      }
      paths.put(part[1], part[2]);
    }
    return paths;
  }
}
