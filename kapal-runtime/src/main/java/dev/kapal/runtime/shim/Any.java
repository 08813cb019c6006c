package dev.kapal.runtime.shim;

import dev.kapal.runtime.wire.MessageWriter;
import java.nio.charset.StandardCharsets;

/** {@code google.protobuf.Any}: a message, or JSON, with the name of its type. */
final class Any {
  static final String PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process";
  static final String RESOURCES =
      "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";
  static final String RUNC = "containerd.runc.v1.Options";
  static final String RUNC_CHECKPOINT = "containerd.runc.v1.CheckpointOptions";
  static final String GENERIC = "runtimeoptions.v1.Options";

  private Any() {}

  static MessageWriter of(String type, byte[] value) {
    return new MessageWriter().text(1, type).bytes(2, value);
  }

  /** A shim's options; empty: it gets none. */
  static java.util.Optional<MessageWriter> of(ShimOptions options, String root) {
    return switch (options) {
      case ShimOptions.Runc runc ->
          java.util.Optional.of(
              of(
                  RUNC,
                  new MessageWriter()
                      .flag(1, runc.noPivotRoot())
                      .flag(2, runc.noNewKeyring())
                      .text(3, runc.shimCgroup())
                      .number(4, runc.ioUid())
                      .number(5, runc.ioGid())
                      .text(6, runc.binaryName())
                      .text(7, runc.root().orElse(root))
                      .flag(9, runc.systemdCgroup())
                      .text(10, runc.criuImagePath())
                      .text(11, runc.criuWorkPath())
                      .toBytes()));
      case ShimOptions.Generic generic ->
          java.util.Optional.of(
              of(
                  GENERIC,
                  new MessageWriter()
                      .text(1, generic.typeUrl())
                      .text(2, generic.configPath())
                      .bytes(3, generic.configBody().getBytes(StandardCharsets.UTF_8))
                      .toBytes()));
      case ShimOptions.None _ -> java.util.Optional.empty();
    };
  }
}
