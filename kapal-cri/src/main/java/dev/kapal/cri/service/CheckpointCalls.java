package dev.kapal.cri.service;

import dev.kapal.cri.proto.CheckpointContainerRequest;
import dev.kapal.cri.proto.CheckpointContainerResponse;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.Engine;
import java.nio.file.Path;
import java.time.Duration;

/** Containers saved with all that another node needs to go on with them. */
public record CheckpointCalls(Engine engine) implements CallGroup {
  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getCheckpointContainerMethod(), this::checkpoint);
  }

  private CheckpointContainerResponse checkpoint(CheckpointContainerRequest request) {
    Path archive = Path.of(request.getLocation());
    if (!archive.isAbsolute()) {
      throw new IllegalArgumentException(
          "the location \"" + request.getLocation() + "\" is not an absolute path of this node");
    }
    engine
        .containers()
        .checkpointArchive(
            Known.container(engine, request.getContainerId()).id(),
            archive,
            Duration.ofSeconds(Math.max(0, request.getTimeout())));
    return CheckpointContainerResponse.getDefaultInstance();
  }
}
