package dev.kapal.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cli.Harness;
import dev.kapal.cli.context.Caller;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.PathStat;
import dev.kapal.linux.Linux;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class CopyTest {
  @TempDir Path folder;

  private static final class Tar {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes);

    Tar file(String name, String content) throws IOException {
      byte[] data = content.getBytes(StandardCharsets.UTF_8);
      TarArchiveEntry entry = new TarArchiveEntry(name, true);
      entry.setSize(data.length);
      tar.putArchiveEntry(entry);
      tar.write(data);
      tar.closeArchiveEntry();
      return this;
    }

    Tar link(String name, byte type, String to) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
      entry.setLinkName(to);
      tar.putArchiveEntry(entry);
      tar.closeArchiveEntry();
      return this;
    }

    byte[] done() throws IOException {
      tar.close();
      return bytes.toByteArray();
    }
  }

  private void extract(byte[] tar, Optional<String> name) throws IOException {
    new TarExtractor(Linux.system().descriptors(), new Caller(uid(), gid(), 1), false)
        .extract(new ByteArrayInputStream(tar), folder.resolve("in"), name);
  }

  private long uid() throws IOException {
    return ((Number) Files.getAttribute(folder, "unix:uid")).longValue();
  }

  private long gid() throws IOException {
    return ((Number) Files.getAttribute(folder, "unix:gid")).longValue();
  }

  @Test
  void whatAContainerSendsStaysInside() throws Exception {
    Files.createDirectory(folder.resolve("in"));
    Files.createDirectory(folder.resolve("outside"));
    Files.writeString(folder.resolve("outside/victim"), "safe");
    List<byte[]> hostile =
        List.of(
            new Tar().file("d/../../outside/victim", "evil").done(),
            new Tar()
                .link("d/x", TarConstants.LF_SYMLINK, "../../outside")
                .file("d/x/victim", "evil")
                .done(),
            new Tar()
                .link("d/x", TarConstants.LF_SYMLINK, folder.resolve("outside").toString())
                .file("d/x/victim", "evil")
                .done(),
            new Tar().link("d/h", TarConstants.LF_LINK, "d/../../outside/victim").done(),
            new Tar().link("d/f", TarConstants.LF_FIFO, "").done());
    for (byte[] tar : hostile) {
      Path d = folder.resolve("in/d");
      Files.createDirectories(d);
      assertThatThrownBy(() -> extract(tar, Optional.of("d"))).isInstanceOf(IOException.class);
      assertThat(folder.resolve("outside/victim")).hasContent("safe");
      try (var left = Files.walk(d)) {
        left.sorted(java.util.Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
      }
    }
    // A link at the place of a file is replaced, not written through.
    Files.createDirectories(folder.resolve("in/d"));
    extract(
        new Tar()
            .link("d/v", TarConstants.LF_SYMLINK, "../../outside/victim")
            .file("d/v", "mine")
            .done(),
        Optional.of("d"));
    assertThat(folder.resolve("in/d/v")).hasContent("mine");
    assertThat(folder.resolve("outside/victim")).hasContent("safe");
  }

  @Test
  void filesComeOutUnderTheNameAskedFor() throws Exception {
    Harness h = new Harness();
    h.directory = folder.toString();
    byte[] tar = new Tar().file("etc.conf", "hello").done();
    h.containers.on(
        "statPath", a -> new PathStat("etc.conf", 5, 0100644, Harness.NOW, Optional.empty()));
    h.containers.on(
        "copyFrom",
        a -> {
          ((OutputStream) a[2]).write(tar);
          return null;
        });
    assertThat(h.run("cp", "web:/etc/etc.conf", "mine").err()).isEmpty();
    h.terminals = true;
    assertThat(h.run("cp", "web:/etc/etc.conf", "mine").err()).isEqualTo("Copied 5B to mine\n");
    assertThat(folder.resolve("mine")).hasContent("hello");
    h.run("cp", "web:/etc/etc.conf", ".");
    assertThat(folder.resolve("etc.conf")).hasContent("hello");
    assertThat(h.run("cp", "web:/etc/etc.conf", "none/").err()).contains("does not exist");
    assertThat(h.run("cp", "web:/etc/etc.conf", "a/b/c").err()).contains("does not exist");
    assertThat(h.run("cp", "a:/x", "b:/y").err()).contains("between containers");
  }

  @Test
  void theContainersErrorIsTold() {
    Harness h = new Harness();
    h.directory = folder.toString();
    h.containers.on("statPath", a -> new PathStat("d", 0, 0040755, Harness.NOW, Optional.empty()));
    h.containers.on(
        "copyFrom",
        a -> {
          throw new EngineException.Conflict("it vanished");
        });
    Harness.Result r = h.run("cp", "web:/d", "d");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err()).isEqualTo("kapal: it vanished\n");
  }

  @Test
  void foldersGoIn() throws Exception {
    Files.createDirectories(folder.resolve("site/sub"));
    Files.writeString(folder.resolve("site/sub/a"), "x".repeat(100_000));
    Files.createSymbolicLink(folder.resolve("site/l"), Path.of("sub/a"));
    Harness h = new Harness();
    h.directory = folder.toString();
    List<String> names = new ArrayList<>();
    h.containers.on(
        "statPath",
        a -> {
          if (a[1].equals("/there")) {
            return new PathStat("there", 0, 0040755, Harness.NOW, Optional.empty());
          }
          throw new EngineException.NotFound("no " + a[1]);
        });
    h.containers.on(
        "copyTo",
        a -> {
          names.add(a[1] + ":");
          TarArchiveInputStream tar = new TarArchiveInputStream((InputStream) a[2]);
          for (var e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
            names.add(e.getName() + (e.isSymbolicLink() ? "->" + e.getLinkName() : ""));
          }
          return null;
        });
    assertThat(h.run("cp", "-q", "site", "web:/there").status()).isZero();
    assertThat(names).contains("/there:", "site/", "site/sub/", "site/sub/a", "site/l->sub/a");
    names.clear();
    h.run("cp", "-q", "site/.", "web:/there");
    assertThat(names).contains("sub/", "sub/a").doesNotContain("site/");
    names.clear();
    h.run("cp", "-q", "site", "web:/new/place");
    assertThat(names).contains("/new:", "place/", "place/sub/a");
  }
}
