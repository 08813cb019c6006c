package dev.kapal.config.runtime;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Finds programs by their bare names. */
@FunctionalInterface
public interface PathLookup {
  /** The program of that name, or an executable file at that absolute path. */
  Optional<Path> find(String program);

  /** The bare names of all programs that begin so, sorted; none where that cannot be told. */
  default SortedSet<String> names(String prefix) {
    return Collections.emptySortedSet();
  }

  /** Looks into directories, in order. Relative ones do not count. */
  static PathLookup in(List<Path> directories) {
    List<Path> all = directories.stream().filter(Path::isAbsolute).toList();
    return new PathLookup() {
      @Override
      public Optional<Path> find(String program) {
        if (program.isEmpty() || program.indexOf('\0') >= 0) {
          return Optional.empty();
        }
        Stream<Path> candidates =
            program.startsWith("/")
                ? Stream.of(Path.of(program))
                : program.indexOf('/') >= 0
                    ? Stream.empty()
                    : all.stream().map(d -> d.resolve(program));
        return candidates.filter(PathLookup::isProgram).findFirst();
      }

      @Override
      public SortedSet<String> names(String prefix) {
        SortedSet<String> names = new TreeSet<>();
        for (Path directory : all) {
          try (DirectoryStream<Path> files =
              Files.newDirectoryStream(
                  directory,
                  f -> String.valueOf(f.getFileName()).startsWith(prefix) && isProgram(f))) {
            files.forEach(f -> names.add(String.valueOf(f.getFileName())));
          } catch (IOException | DirectoryIteratorException _) {
            // Not there, or not to be read: nothing is found in it.
          }
        }
        return names;
      }
    };
  }

  private static boolean isProgram(Path file) {
    return Files.isRegularFile(file) && Files.isExecutable(file);
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
