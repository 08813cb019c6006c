package dev.kapal.engine.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Stat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a volume gets of the image at its place. */
final class TreeCopyTest {
  /** cap_net_raw=ep of the version 2 form, capabilities(7). */
  private static final byte[] CAPABILITY =
      HexFormat.of().parseHex("0100000200200000000000000000000000000000");

  private final Descriptors calls = Linux.system().descriptors();
  @TempDir Path directory;

  private Fd open(Path path) {
    return calls.open(path.toString(), Fcntl.O_RDONLY);
  }

  private void attribute(Path path, String name, byte[] value) {
    try (Fd file = open(path)) {
      calls.setxattr(file, name, value, 0);
    } catch (ErrnoException e) {
      abort("needs a file system with " + name + ": " + e.getMessage());
    }
  }

  private byte[] attribute(Path path, String name) {
    try (Fd file = open(path)) {
      return calls.getxattr(file, name).orElse(new byte[0]);
    }
  }

  @Test
  void keepsModesOwnersTimesLinksAndAttributes() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    Path from = directory.resolve("from");
    Files.createDirectories(from.resolve("d"));
    Path to = Files.createDirectory(directory.resolve("to"));
    Path ping = Files.writeString(from.resolve("d/ping"), "program");
    Files.createLink(from.resolve("d/other"), ping);
    Files.createSymbolicLink(from.resolve("d/link"), Path.of("ping"));
    try (Fd file = open(ping)) {
      calls.fchown(file, 7, 8);
      calls.fchmod(file, 04755);
    }
    byte[] image = "image".getBytes(StandardCharsets.UTF_8);
    attribute(ping, "security.capability", CAPABILITY);
    attribute(ping, "user.origin", image);
    attribute(from, "user.origin", image);

    try (Fd source = open(from);
        Fd target = open(to)) {
      new TreeCopy(calls).copy(source, target);
    }

    Path copied = to.resolve("d/ping");
    assertThat(copied).hasContent("program");
    assertThat(to.resolve("d/link")).isSymbolicLink();
    assertThat(attribute(copied, "security.capability")).isEqualTo(CAPABILITY);
    assertThat(attribute(copied, "user.origin")).isEqualTo(image);
    assertThat(attribute(to, "user.origin")).isEqualTo(image);
    try (Fd old = open(ping);
        Fd made = open(copied)) {
      Stat before = calls.fstat(old);
      Stat after = calls.fstat(made);
      assertThat(after.mode()).isEqualTo(before.mode());
      assertThat(after.uid()).isEqualTo(7);
      assertThat(after.gid()).isEqualTo(8);
      assertThat(after.mtime()).isEqualTo(before.mtime());
      assertThat(after.nlink()).isEqualTo(2);
    }
  }
}
