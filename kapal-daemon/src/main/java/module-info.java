/** The daemon: wiring, sockets, signals. */
module dev.kapal.daemon {
  requires static transitive org.jspecify;
  requires dev.kapal.cli;
  requires dev.kapal.config;
  requires dev.kapal.cri;
  requires dev.kapal.engine;
  requires java.logging;
  requires jdk.unsupported; // sun.misc.Signal: nothing else in Java hears SIGHUP
}
