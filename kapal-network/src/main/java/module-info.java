/** Container networks through CNI. */
module dev.kapal.network {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.linux;
  requires tools.jackson.databind;

  exports dev.kapal.network;
}
