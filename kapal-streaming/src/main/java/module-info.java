/** The streaming server of a Kubernetes node: exec, attach and port-forward over HTTP upgrades. */
module dev.kapal.streaming {
  requires static transitive org.jspecify;
  requires io.netty.buffer;
  requires io.netty.codec;
  requires io.netty.codec.http;
  requires io.netty.common;
  requires io.netty.handler;
  requires io.netty.transport;
  requires tools.jackson.databind;

  exports dev.kapal.streaming;
  exports dev.kapal.streaming.server;
}
