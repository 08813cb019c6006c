/** The door for the kubelet: CRI v1 over gRPC. */
module dev.kapal.cri {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.engine;
  requires dev.kapal.linux;
  requires transitive dev.kapal.streaming;
  requires com.google.common;
  requires com.google.protobuf;
  requires io.grpc;
  requires io.grpc.netty;
  requires io.grpc.protobuf;
  requires io.grpc.stub;
  requires io.netty.common;
  requires io.netty.transport;
  requires java.logging;
  requires tools.jackson.databind;

  exports dev.kapal.cri;
  exports dev.kapal.cri.config;
  exports dev.kapal.cri.observe;
}
