package dev.kapal.engine.cdi;

import dev.kapal.engine.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The devices that vendors describe in the host's directories. These are read anew for each
 * container that names a device: their files come and go with drivers.
 *
 * @param directories in order of priority, the last one winning
 */
public record CdiDevices(List<Path> directories) {
  /** There are none. */
  public static final CdiDevices NONE = new CdiDevices(List.of());

  /** Where the CDI specification says that they are. */
  public static final CdiDevices HOST =
      new CdiDevices(List.of(Path.of("/etc/cdi"), Path.of("/var/run/cdi")));

  public CdiDevices {
    directories = List.copyOf(directories);
  }

  private record Read(List<CdiFile> files, List<String> problems) {}

  /**
   * What the named devices ask of a container.
   *
   * @param names {@code VENDOR/CLASS=NAME}
   * @throws EngineException.InvalidArgument one is not there, or there twice
   */
  public CdiEdits edits(List<String> names) {
    if (names.isEmpty()) {
      return CdiEdits.NONE;
    }
    List<Read> all = directories.reversed().stream().map(CdiDevices::read).toList();
    CdiEdits edits = CdiEdits.NONE;
    Set<CdiFile> used = new LinkedHashSet<>();
    CdiEdits own = CdiEdits.NONE;
    for (String name : new LinkedHashSet<>(names)) {
      CdiFile file = find(name, all);
      if (used.add(file)) {
        edits = edits.and(file.edits());
      }
      CdiEdits its = file.devices().get(device(name));
      own = own.and(its == null ? CdiEdits.NONE : its);
    }
    return edits.and(own);
  }

  private static String device(String name) {
    return name.substring(name.indexOf('=') + 1);
  }

  private CdiFile find(String name, List<Read> all) {
    String kind = name.substring(0, Math.max(0, name.indexOf('=')));
    for (Read directory : all) {
      List<CdiFile> found =
          directory.files().stream()
              .filter(f -> f.kind().equals(kind) && f.devices().containsKey(device(name)))
              .toList();
      if (found.size() > 1) {
        throw new EngineException.InvalidArgument(
            "CDI device "
                + name
                + " is described by two files of one directory: remove one of them");
      }
      if (found.size() == 1) {
        return found.getFirst();
      }
    }
    Set<String> there = new TreeSet<>();
    Set<String> problems = new LinkedHashSet<>();
    for (Read directory : all) {
      problems.addAll(directory.problems());
      directory
          .files()
          .forEach(f -> f.devices().keySet().forEach(d -> there.add(f.kind() + "=" + d)));
    }
    throw new EngineException.InvalidArgument(
        "there is no CDI device "
            + name
            + " in "
            + directories
            + (there.isEmpty() ? ", where there is none at all" : ", but " + there)
            + (problems.isEmpty() ? "" : "; " + String.join("; ", problems))
            + ": generate the vendor's file anew, or correct the name");
  }

  private static Read read(Path directory) {
    List<CdiFile> files = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    Set<Path> paths = new HashSet<>();
    try (Stream<Path> all = Files.list(directory)) {
      all.filter(p -> String.valueOf(p.getFileName()).matches("[^.].*\\.(json|yaml|yml)"))
          .forEach(paths::add);
    } catch (NoSuchFileException none) {
      return new Read(List.of(), List.of());
    } catch (IOException e) {
      return new Read(List.of(), List.of(directory + " cannot be listed: " + e.getMessage()));
    }
    for (Path p : new TreeSet<>(paths)) {
      try (InputStream in = Files.newInputStream(p)) {
        byte[] bytes = in.readNBytes(CdiFile.MAX + 1);
        if (bytes.length > CdiFile.MAX) {
          throw new IllegalArgumentException("it is longer than 4 MiB");
        }
        files.add(CdiFile.parse(new String(bytes, StandardCharsets.UTF_8)));
      } catch (IOException | IllegalArgumentException | ArithmeticException e) {
        problems.add(p + " cannot be used: " + e.getMessage());
      }
    }
    return new Read(files, problems);
  }
}
