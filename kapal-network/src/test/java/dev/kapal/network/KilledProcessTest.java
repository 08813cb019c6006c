package dev.kapal.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM is killed while a plugin runs; the next one undoes what that plugin may have done. */
final class KilledProcessTest {
  @TempDir Path directory;

  /** Attaches and hangs in the second plugin. */
  static final class Victim {
    private Victim() {}

    /** Arguments: state directory, namespace. */
    public static void main(String[] args) {
      Networks.open(config(Path.of(args[0])))
          .attach(AttachRequest.of("victim", args[1], "lake", List.of(PortMapping.parse("80"))));
    }
  }

  private static NetworkConfig config(Path directory) {
    return NetworkConfig.below(directory)
        .withConfDirs(List.of(directory.resolve("net.d")))
        .withPluginDirs(List.of(directory.resolve("bin")));
  }

  @Test
  void killedInTheMiddleOfAnAttachment() throws Exception {
    try (TestNetns netns = TestNetns.open()) {
      FakePlugins fakes = new FakePlugins(directory.resolve("bin"), "fish", "frog", "duck");
      fakes.mode("ADD", "frog", "hang");
      Files.createDirectories(directory.resolve("net.d"));
      Files.writeString(
          directory.resolve("net.d/10-lake.conflist"),
          "{\"cniVersion\":\"1.0.0\",\"name\":\"lake\",\"plugins\":["
              + "{\"type\":\"fish\",\"capabilities\":{\"portMappings\":true}},"
              + "{\"type\":\"frog\"},{\"type\":\"duck\"}]}");
      Process victim =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin/java").toString(),
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty(
                      "surefire.test.class.path", System.getProperty("java.class.path")),
                  Victim.class.getName(),
                  directory.toString(),
                  netns.add("c1"))
              .inheritIO()
              .start();
      Path hanging = fakes.directory().resolve("hanging.child");
      for (int i = 0; i < 1500 && !Files.exists(hanging) && victim.isAlive(); i++) {
        Thread.sleep(20);
      }
      assertThat(victim.isAlive()).isTrue();
      victim.destroyForcibly().waitFor();
      for (String name : List.of("hanging", "hanging.child")) {
        // The hanging script outlives its parent, as a real plugin would.
        String pid = "";
        for (int i = 0; i < 100 && pid.isEmpty(); i++) {
          pid = Files.readString(fakes.directory().resolve(name)).strip();
        }
        ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
      }
      assertThat(fakes.calls()).containsExactly("ADD fish victim eth0", "ADD frog victim eth0");

      Networks next = Networks.open(config(directory));
      assertThat(next.cached("victim")).isEmpty();
      assertThat(next.gc(Set.of("victim"))).containsExactly("victim");
      assertThat(fakes.calls())
          .endsWith("DEL duck victim eth0", "DEL frog victim eth0", "DEL fish victim eth0");
      try (var files = Files.list(directory.resolve("cni/attachments"))) {
        assertThat(files).isEmpty();
      }
    }
  }
}
