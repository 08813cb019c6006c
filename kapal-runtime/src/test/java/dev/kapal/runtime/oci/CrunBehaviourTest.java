package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.runtime.Runtime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

class CrunBehaviourTest extends RuntimeBehaviour {
  private static final Path UNIFIED = Path.of("/sys/fs/cgroup/unified/cgroup.controllers");

  @Override
  Runtime open(Bench bench) {
    Assumptions.assumeTrue(Bench.find("crun").isPresent(), "crun is not installed");
    Assumptions.assumeTrue(
        usable(), "crun refuses a hybrid cgroup layout whose v2 hierarchy has controllers");
    Runtime runtime = bench.open(OciRuntimeConfig.of("crun", Bench.find("crun").orElseThrow()));
    assertThat(runtime.name()).isEqualTo("crun");
    return runtime;
  }

  private static boolean usable() {
    try {
      return !Files.exists(UNIFIED) || Files.readString(UNIFIED).isBlank();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
