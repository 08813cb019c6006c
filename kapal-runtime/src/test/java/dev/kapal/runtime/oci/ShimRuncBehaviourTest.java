package dev.kapal.runtime.oci;

import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The shim that this host's containerd has. */
class ShimRuncBehaviourTest extends RuntimeBehaviour {
  static final String PROGRAM = "containerd-shim-runc-v2";

  static Path program() {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    Assumptions.assumeTrue(Bench.find(PROGRAM).isPresent(), "containerd is not installed");
    return Bench.find(PROGRAM).orElseThrow();
  }

  @Override
  Runtime open(Bench bench) {
    return bench.open(ShimRuntimeConfig.of("io.containerd.runc.v2", Tier.NATIVE, program()));
  }
}
