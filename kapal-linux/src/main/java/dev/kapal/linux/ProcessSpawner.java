package dev.kapal.linux;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Turns a map of descriptors into file actions whose steps do not overwrite one another. */
final class ProcessSpawner {
  private ProcessSpawner() {}

  static int spawn(
      String path,
      List<String> arguments,
      List<String> environment,
      Map<Integer, Fd> descriptors,
      SpawnOptions options) {
    if (arguments.isEmpty()) {
      throw new IllegalArgumentException("a program needs at least its own name as an argument");
    }
    TreeMap<Integer, Fd> targets = new TreeMap<>(descriptors);
    if (!targets.isEmpty() && (targets.firstKey() < 0 || targets.lastKey() > 65535)) {
      throw new IllegalArgumentException("not descriptor numbers: " + targets.keySet());
    }
    int highest = targets.isEmpty() ? 2 : Math.max(2, targets.lastKey());
    List<Fd> copies = new ArrayList<>();
    try (PosixSpawn spawn = new PosixSpawn(options)) {
      actions(spawn, targets, highest, copies);
      String program = path;
      List<String> words = arguments;
      if (options.workingDirectory().isPresent()) {
        String directory = options.workingDirectory().get();
        if (PosixSpawn.canChangeDirectory()) {
          spawn.changeDirectory(directory);
        } else {
          // glibc before 2.29: env(1) changes it; the program sees its path as its own name.
          program = "/usr/bin/env";
          words = new ArrayList<>(List.of("env", "--chdir=" + directory, path));
          words.addAll(arguments.subList(1, arguments.size()));
        }
      }
      return spawn.spawn(program, words, environment);
    } finally {
      copies.forEach(Fd::close);
    }
  }

  private static void actions(
      PosixSpawn spawn, Map<Integer, Fd> targets, int highest, List<Fd> copies) {
    // Sources move above all targets first, so that no dup2 overwrites a later one's source.
    Map<Integer, Integer> sources = new HashMap<>();
    targets.forEach((number, fd) -> {
      Fd copy = Fd.of(Sys.duplicate(fd.number(), highest + 1));
      copies.add(copy);
      sources.put(number, copy.number());
    });
    for (int number = 0; number <= highest; number++) {
      Integer source = sources.get(number);
      if (source != null) {
        spawn.dup2(source, number);
      } else if (number <= 2) {
        spawn.openNull(number);
      } else {
        spawn.close(number);
      }
    }
    if (PosixSpawn.canCloseFrom()) {
      spawn.closeFrom(highest + 1);
    } else {
      // glibc before 2.34. What is opened between here and the clone is close-on-exec if we open
      // it.
      openNumbers().stream().filter(number -> number > highest).forEach(spawn::close);
    }
  }

  private static List<Integer> openNumbers() {
    long opened =
        SystemDescriptors.tryOpenat(
            Fcntl.AT_FDCWD, "/proc/self/fd", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    try (Fd directory = Fd.of((int) Sys.check(opened, "open", "/proc/self/fd"))) {
      return DirectoryReader.list(directory).stream()
          .map(entry -> Integer.valueOf(entry.name()))
          .toList();
    }
  }
}
