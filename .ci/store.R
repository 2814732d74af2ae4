# Opens a finished store of a sweep with R: Rscript store.R STORE
library(DBI)

store <- dbConnect(RSQLite::SQLite(), commandArgs(trailingOnly = TRUE)[1], flags = RSQLite::SQLITE_RO)
results <- dbReadTable(store, "results", check.names = FALSE)
delay <- "/truths/swept/arms/vaccine/effect/death/delay"
power <- tapply(results$reject_any, list(results[[delay]], results$candidate), mean)
dbDisconnect(store)
stopifnot(nrow(results) == 30, all(is.finite(power)), all(diff(power[, "log-rank"]) < 0))
print(round(power, 3))
