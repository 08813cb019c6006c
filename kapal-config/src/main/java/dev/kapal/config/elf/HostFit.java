package dev.kapal.config.elf;

import dev.kapal.config.text.ConfigException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Compares what a program needs with what a host has.
 *
 * @param architecture of the host
 * @param glibc symbol versions that the host's C library has; none: it has no glibc
 * @param exists whether a file is there, for the loader
 */
public record HostFit(String architecture, List<String> glibc, Predicate<Path> exists) {
  private static final List<String> LIBRARIES =
      List.of(
          "/lib/x86_64-linux-gnu/libc.so.6",
          "/lib/aarch64-linux-gnu/libc.so.6",
          "/lib64/libc.so.6",
          "/usr/lib64/libc.so.6",
          "/usr/lib/libc.so.6",
          "/lib/libc.so.6");

  public HostFit {
    glibc = List.copyOf(glibc);
  }

  /** This host. */
  public static HostFit here() {
    return new HostFit(
        Machines.ofJava(System.getProperty("os.arch", "")), hostVersions(), Files::exists);
  }

  private static List<String> hostVersions() {
    for (String library : LIBRARIES) {
      try {
        if (Files.exists(Path.of(library))) {
          return ElfFile.read(Path.of(library)).definedVersions();
        }
      } catch (ConfigException _) {
        // The next one may do.
      }
    }
    return List.of();
  }

  /** The newest glibc version, such as {@code 2.36}; empty: there is no glibc. */
  public Optional<String> glibcVersion() {
    return newest(glibc);
  }

  private static Optional<String> newest(Collection<String> versions) {
    return numbers(versions).max(ORDER);
  }

  private static Stream<String> numbers(Collection<String> versions) {
    return versions.stream()
        .filter(v -> v.matches("GLIBC_[0-9]{1,9}(\\.[0-9]{1,9}){1,2}"))
        .map(v -> v.substring("GLIBC_".length()));
  }

  private static final Comparator<String> ORDER =
      (a, b) -> {
        String[] x = a.split("\\.", -1);
        String[] y = b.split("\\.", -1);
        for (int i = 0; i < Math.max(x.length, y.length); i++) {
          BigInteger p = i < x.length ? new BigInteger(x[i]) : BigInteger.ZERO;
          BigInteger q = i < y.length ? new BigInteger(y[i]) : BigInteger.ZERO;
          if (!p.equals(q)) {
            return p.compareTo(q);
          }
        }
        return 0;
      };

  /** Why a program cannot run on this host, one sentence each; none: nothing speaks against it. */
  public List<String> obstacles(Path program) {
    ElfFile elf;
    try {
      elf = ElfFile.read(program);
    } catch (ConfigException.NotElf | ConfigException.FileFailed e) {
      return List.of(String.valueOf(e.getMessage()));
    }
    return obstacles(program.toString(), elf);
  }

  /** The same of a file that was read. */
  public List<String> obstacles(String program, ElfFile elf) {
    List<String> obstacles = new ArrayList<>();
    String own = elf.architecture();
    boolean compatible =
        own.equals(architecture) || (architecture.equals("x86_64") && own.equals("i386"));
    if (!compatible) {
      obstacles.add(
          program
              + " is built for "
              + own
              + " and this host is "
              + architecture
              + " (\"Exec format error\"): install the build for "
              + architecture);
      return obstacles;
    }
    elf.interpreter()
        .filter(loader -> loader.indexOf('\0') < 0 && !exists.test(Path.of(loader)))
        .ifPresent(loader ->
            obstacles.add(
                program
                    + " needs the loader "
                    + loader
                    + ", which this host does not have (\"no such file or directory\")"
                    + (loader.contains("musl") ? ": it is built for musl" : "")
                    + "; install a static build"));
    versions(program, elf).ifPresent(obstacles::add);
    return obstacles;
  }

  private Optional<String> versions(String program, ElfFile elf) {
    List<String> needed =
        elf.neededVersions().values().stream().flatMap(List::stream).distinct().toList();
    Optional<String> host = glibcVersion();
    if (newest(needed).isEmpty()) {
      return Optional.empty();
    }
    if (host.isEmpty()) {
      return Optional.of(
          program
              + " needs glibc "
              + newest(needed).get()
              + ", and this host has no glibc; install a static build");
    }
    List<String> missing =
        numbers(needed)
            .filter(v -> ORDER.compare(v, host.get()) > 0)
            .distinct()
            .sorted(ORDER)
            .toList();
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            program
                + " needs GLIBC_"
                + String.join(", GLIBC_", missing)
                + " and this host has glibc "
                + host.get()
                + "; install a static build, one for this distribution's release, or a newer"
                + " distribution");
  }
}
