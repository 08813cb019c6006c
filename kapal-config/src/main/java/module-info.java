/** Kapal's configuration, readers of other engines' configurations, names of runtimes. */
module dev.kapal.config {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.runtime;
  requires java.net.http;
  requires org.tomlj;
  requires org.snakeyaml.engine;

  exports dev.kapal.config;
  exports dev.kapal.config.check;
  exports dev.kapal.config.check.probe;
  exports dev.kapal.config.elf;
  exports dev.kapal.config.foreign;
  exports dev.kapal.config.runtime;
  exports dev.kapal.config.schema;
  exports dev.kapal.config.text;
}
