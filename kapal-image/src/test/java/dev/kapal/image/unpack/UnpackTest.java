package dev.kapal.image.unpack;

import dev.kapal.image.local.ScratchTest;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A test that unpacks layers into directories of its own. */
abstract class UnpackTest extends ScratchTest {
  static final TarLimits LIMITS = TarLimits.DEFAULT;

  UnpackTest() {}

  /** Unpacks a layer into {@code root/name} on top of others (topmost first). */
  Placed unpack(String name, InputStream layer, TarLimits limits, Path... below)
      throws IOException {
    Path target = Files.createDirectory(root.resolve(name));
    List<Fd> lower = new ArrayList<>();
    try (Fd fs = open(target);
        LayerUnpack unpack = new LayerUnpack(calls, fs, limits)) {
      for (Path each : below) {
        lower.add(open(each));
      }
      Placed placed = unpack.stream(layer, name);
      unpack.finish(new LayerStack(calls, lower));
      return placed;
    } finally {
      lower.forEach(Fd::close);
    }
  }

  Placed unpack(String name, byte[] layer, Path... below) throws IOException {
    return unpack(name, new ByteArrayInputStream(layer), LIMITS, below);
  }

  Fd open(Path directory) {
    return calls.open(directory.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
  }

  static String run(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(String.join(" ", command) + ": " + out);
    }
    return out;
  }

  /** All that tar can tell of a tree: names, kinds, owners, modes, times in ns, content, xattrs. */
  static String fingerprint(Path tree) throws Exception {
    return run(
        tree,
        "sh",
        "-c",
        "tar --sort=name --numeric-owner --xattrs --xattrs-include='*' --format=pax"
            + " --pax-option=exthdr.name=%d/x/%f,delete=atime,delete=ctime -cf - . | sha256sum;"
            + " tar --sort=name --numeric-owner --full-time -cf - . | tar -tv --full-time");
  }
}
