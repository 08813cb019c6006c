package dev.kapal.cri.service;

import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.VersionRequest;
import dev.kapal.cri.proto.VersionResponse;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;

/** What answers here. */
public record VersionCalls(String version) implements CallGroup {
  /** The version of the kubelet's own protocol with its runtimes, the same for ever. */
  private static final String KUBELET_API = "0.1.0";

  private static final String CRI = "v1";

  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getVersionMethod(), this::version);
  }

  private VersionResponse version(VersionRequest request) {
    return VersionResponse.newBuilder()
        .setVersion(KUBELET_API)
        .setRuntimeName("kapal")
        .setRuntimeVersion(version)
        .setRuntimeApiVersion(CRI)
        .build();
  }
}
