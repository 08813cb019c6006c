package dev.kapal.cli.compare;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.ProcessInfo;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** What a sandbox costs beside its workload: the proportional set size of its other processes. */
record SandboxMemory(Linux linux) {
  private static final int MOST = 1 << 20;

  /**
   * Bytes.
   *
   * @param pid the container's process on the host
   * @param id the container's, which helpers carry in their words, environment or cgroup
   * @param mark a word of the workload's command line
   */
  long overhead(int pid, String id, String mark) {
    List<ProcessInfo> all = linux.processes().list();
    Set<Integer> found = belonging(all, pid, linux.processes().self(), p -> mentions(p, id), mark);
    return found.stream().mapToLong(this::pss).sum();
  }

  /**
   * The processes of a sandbox without its workload: the whole tree below the topmost ancestor of
   * the container's process that is neither init nor we, and whoever else carries its id. Pure.
   */
  static Set<Integer> belonging(
      List<ProcessInfo> all, int pid, int self, Predicate<ProcessInfo> mentions, String mark) {
    Map<Integer, ProcessInfo> byPid = new HashMap<>();
    all.forEach(p -> byPid.put(p.pid(), p));
    Set<Integer> found = new HashSet<>();
    int top = pid;
    for (int i = 0; i < all.size(); i++) {
      int parent = Optional.ofNullable(byPid.get(top)).map(ProcessInfo::parent).orElse(0);
      if (parent <= 1 || parent == self || !byPid.containsKey(parent)) {
        break;
      }
      top = parent;
    }
    found.add(top);
    all.stream().filter(p -> p.pid() != self && mentions.test(p)).forEach(p -> found.add(p.pid()));
    boolean grown = true;
    while (grown) {
      grown = false;
      for (ProcessInfo p : all) {
        grown |= found.contains(p.parent()) && p.pid() != self && found.add(p.pid());
      }
    }
    found.removeIf(n ->
        !byPid.containsKey(n)
            || Optional.ofNullable(byPid.get(n))
                .filter(p -> p.command().contains(mark))
                .isPresent());
    return found;
  }

  private boolean mentions(ProcessInfo p, String id) {
    return p.command().stream().anyMatch(word -> word.contains(id))
        || text("/proc/" + p.pid() + "/environ").contains(id)
        || text("/proc/" + p.pid() + "/cgroup").contains(id);
  }

  private long pss(int pid) {
    return pss(text("/proc/" + pid + "/smaps_rollup"));
  }

  /** The line "Pss:" of a smaps_rollup; 0 without one. */
  static long pss(String rollup) {
    for (String line : rollup.lines().toList()) {
      String[] words = line.strip().split("\\s+");
      if (words.length >= 2 && words[0].equals("Pss:") && words[1].matches("[0-9]{1,15}")) {
        return Long.parseLong(words[1]) * 1024;
      }
    }
    return 0;
  }

  private String text(String path) {
    try (Fd file = linux.descriptors().open(path, Fcntl.O_RDONLY)) {
      return new String(linux.descriptors().readFully(file, MOST), StandardCharsets.ISO_8859_1);
    } catch (ErrnoException _) {
      return "";
    }
  }
}
