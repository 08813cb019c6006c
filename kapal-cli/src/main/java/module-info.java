/** The command line. */
module dev.kapal.cli {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.config;
  requires transitive dev.kapal.engine;
  requires transitive dev.kapal.linux;
  requires tools.jackson.databind;
  requires org.apache.commons.compress;

  exports dev.kapal.cli;
  exports dev.kapal.cli.context;
}
