package dev.kapal.runtime.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountFlags;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreesTest {
  private static final Linux LINUX = Linux.system();

  @TempDir Path folder;

  private void remove(String name) {
    try (Fd in = LINUX.descriptors().open(folder.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      Trees.remove(LINUX, in, name);
    }
  }

  @Test
  void removesAllThatIsInIt() throws Exception {
    Files.createDirectories(folder.resolve("a/b/c"));
    Files.writeString(folder.resolve("a/b/file"), "x");
    Files.createSymbolicLink(folder.resolve("a/link"), folder);
    Files.writeString(folder.resolve("beside"), "x");
    remove("a");
    remove("a");
    assertThat(folder.resolve("a")).doesNotExist();
    assertThat(folder.resolve("beside")).exists();
  }

  @Test
  void whatIsMountedThereIsLetGo() throws Exception {
    Assumptions.assumeTrue(
        "root".equals(System.getProperty("user.name")), "needs root, who can mount");
    Path precious = Files.createDirectories(folder.resolve("precious"));
    Files.writeString(precious.resolve("data"), "x");
    Path place = Files.createDirectories(folder.resolve("a/place"));
    Path file = Files.writeString(folder.resolve("a/file"), "");
    LINUX.mounts().mount(precious.toString(), place.toString(), "", MountFlags.MS_BIND, "");
    for (int i = 0; i < 2; i++) {
      LINUX.mounts().mount("/proc/self/ns/net", file.toString(), "", MountFlags.MS_BIND, "");
    }
    remove("a");
    assertThat(folder.resolve("a")).doesNotExist();
    assertThat(precious.resolve("data")).hasContent("x");
  }
}
