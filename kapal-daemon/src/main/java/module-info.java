/** The daemon: wiring, sockets, signals. */
module dev.kapal.daemon {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.cli;

  exports dev.kapal.daemon;
}
