package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.runtime.Runtime;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Without control groups and network: what gVisor can do on every host that can run it at all. */
class RunscBehaviourTest extends RuntimeBehaviour {
  private static OciRuntimeConfig config() {
    Assumptions.assumeTrue(Bench.find("runsc").isPresent(), "runsc is not installed");
    return OciRuntimeConfig.of("runsc", Bench.find("runsc").orElseThrow())
        .withArguments("--network=none")
        .withOptions(OciRuntimeConfig.Option.IGNORE_CGROUPS);
  }

  @Override
  Runtime open(Bench bench) {
    return bench.open(config());
  }

  @Override
  boolean limits() {
    return false;
  }

  @Test
  void showsAKernelOfItsOwn() throws Exception {
    try (Bench bench = new Bench()) {
      String inside = bench.run(bench.open(config()), bench.spec(Bench.sh("uname -r"))).out();
      assertThat(inside.strip()).isNotEmpty().isNotEqualTo(System.getProperty("os.version"));
    }
  }
}
