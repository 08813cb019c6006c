package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A full disk is an error in words, and passes when there is room again. */
final class FullDiskTest {
  @Test
  void aFullDiskDuringLoadAndLogging() throws Exception {
    Path small = Files.createTempDirectory(Path.of("/tmp"), "kfd");
    Commands.sh("mount -t tmpfs -o size=24m none " + small).mustSucceed();
    try (Daemon daemon = Daemon.start("--data-dir", small.resolve("data").toString())) {
      daemon.ok(
          "run",
          "-d",
          "--name",
          "writer",
          "--network",
          "none",
          "busybox",
          "sh",
          "-c",
          "while :; do echo line; sleep 0.01; done");
      Path archive = daemon.folder().resolve("big.tar");
      Commands.sh(
              "cd "
                  + daemon.folder()
                  + " && mkdir t && head -c 20000000 /dev/urandom >t/big && tar -cf "
                  + archive
                  + " -C t .")
          .mustSucceed();
      Commands.sh("head -c 14000000 /dev/zero >" + small + "/ballast").mustSucceed();
      Result full = daemon.command("import", archive.toString(), "localhost/big:1");
      assertThat(full.status()).isNotZero();
      assertThat(full.err()).contains("No space left on device");
      assertThat(daemon.ok("images", "-q", "localhost/big")).isEmpty();
      // The disk is filled to the last byte; the container that logs goes on.
      Commands.sh("cat /dev/zero >" + small + "/rest 2>/dev/null");
      Commands.sh("sleep 0.5");
      assertThat(daemon.ok("ps", "--format", "{{.Names}}")).isEqualTo("writer");
      Commands.sh("rm " + small + "/ballast " + small + "/rest").mustSucceed();
      daemon.ok("run", "--rm", "--network", "none", "busybox", "true");
      daemon.ok("rm", "-f", "writer");
      assertThat(daemon.command("system", "check").status()).isZero();
    } finally {
      Commands.sh("umount -l " + small + " && rmdir " + small);
    }
  }
}
