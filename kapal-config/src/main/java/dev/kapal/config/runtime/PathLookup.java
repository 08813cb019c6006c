package dev.kapal.config.runtime;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds programs by their bare names. */
@FunctionalInterface
public interface PathLookup {
  /** The program of that name, or an executable file at that absolute path. */
  Optional<Path> find(String program);

  /** Looks into directories, in order. Relative ones do not count. */
  static PathLookup in(List<Path> directories) {
    List<Path> all = directories.stream().filter(Path::isAbsolute).toList();
    return program -> {
      if (program.isEmpty() || program.indexOf('\0') >= 0) {
        return Optional.empty();
      }
      Stream<Path> candidates =
          program.startsWith("/")
              ? Stream.of(Path.of(program))
              : program.indexOf('/') >= 0
                  ? Stream.empty()
                  : all.stream().map(d -> d.resolve(program));
      return candidates.filter(p -> Files.isRegularFile(p) && Files.isExecutable(p)).findFirst();
    };
  }

  /** Looks where PATH says, and then where administrators put programs. */
  static PathLookup system() {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return in(
        Stream.concat(
                Stream.of(path.split(":", -1)).filter(p -> !p.isEmpty()),
                Stream.of(
                    "/usr/local/sbin",
                    "/usr/local/bin",
                    "/usr/sbin",
                    "/usr/bin",
                    "/sbin",
                    "/bin",
                    "/opt/kata/bin"))
            .distinct()
            .map(Path::of)
            .toList());
  }
}
