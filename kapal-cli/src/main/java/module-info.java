/** The command line. */
module dev.kapal.cli {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.engine;
  requires info.picocli;

  exports dev.kapal.cli;
}
