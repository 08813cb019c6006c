/** The daemon: wiring, sockets, signals. */
module dev.kapal.daemon {
  requires static transitive org.jspecify;
  requires dev.kapal.cli;
  requires dev.kapal.config;
  requires dev.kapal.cri;
  requires dev.kapal.engine;
  requires io.prometheus.metrics.core;
  requires io.prometheus.metrics.model;
  requires io.prometheus.writer.text;
  requires java.logging;
  requires java.management;
  requires java.net.http;
  requires jdk.httpserver;
  requires jdk.unsupported; // sun.misc.Signal: nothing else in Java hears SIGHUP
}
