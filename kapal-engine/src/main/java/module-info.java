/** The engine: the public Java API of Kapal. */
module dev.kapal.engine {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.image;
  requires transitive dev.kapal.runtime;
  requires transitive dev.kapal.network;
  requires java.sql;
  requires org.snakeyaml.engine;
  requires tools.jackson.databind;

  exports dev.kapal.engine;
  exports dev.kapal.engine.core;
  exports dev.kapal.engine.spec;

  opens dev.kapal.engine to
      tools.jackson.databind;
  opens dev.kapal.engine.spec to
      tools.jackson.databind;
  opens dev.kapal.engine.store to
      tools.jackson.databind;
}
