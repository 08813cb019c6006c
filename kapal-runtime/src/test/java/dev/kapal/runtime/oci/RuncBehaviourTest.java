package dev.kapal.runtime.oci;

import dev.kapal.runtime.Runtime;
import org.junit.jupiter.api.Assumptions;

class RuncBehaviourTest extends RuntimeBehaviour {
  @Override
  Runtime open(Bench bench) {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    return bench.open(OciRuntimeConfig.of("runc", Bench.find("runc").orElseThrow()));
  }
}
