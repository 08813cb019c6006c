package dev.kapal.runtime.oci;

import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/** A shim of another containerd, such as 2.1, at the path that KAPAL_TEST_SHIM names. */
class OtherShimBehaviourTest extends RuntimeBehaviour {
  static Path program() {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    Optional<Path> shim =
        Optional.ofNullable(System.getenv("KAPAL_TEST_SHIM"))
            .map(Path::of)
            .filter(Files::isExecutable);
    Assumptions.assumeTrue(
        shim.isPresent(), "KAPAL_TEST_SHIM names no containerd-shim-runc-v2 of another version");
    return shim.orElseThrow();
  }

  @Override
  Runtime open(Bench bench) {
    return bench.open(ShimRuntimeConfig.of("other-shim", Tier.NATIVE, program()));
  }
}
