package dev.kapal.runtime.oci;

import dev.kapal.runtime.Runtime;

class NativeBehaviourTest extends RuntimeBehaviour {
  @Override
  Runtime open(Bench bench) {
    return bench.openNative();
  }
}
