# cmake -DARCHIVE=lib.a -DNM=nm -DOBJCOPY=objcopy -P hide_internals.cmake
#
# What the files of a static library share with one another is for nobody else, but a linker sees one space of names: a program
# with a function of its own called tcp_send would meet ours. So in an installed library each such name begins with
# baro_internal_. Its members stay apart (a program gets those that it uses), and debuggers know functions by their own names.
execute_process(COMMAND ${NM} --format=posix --extern-only --defined-only ${ARCHIVE}
                OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[A-Za-z_][A-Za-z0-9_]* [A-Z] [0-9a-f]" symbols "${symbols}")
list(TRANSFORM symbols REPLACE " .*" "")
list(FILTER symbols EXCLUDE REGEX "^baro_")
list(REMOVE_DUPLICATES symbols)
list(TRANSFORM symbols REPLACE "(.+)" "\\1 baro_internal_\\1\n")
string(JOIN "" map ${symbols})
file(WRITE ${ARCHIVE}.names "${map}")
execute_process(COMMAND ${OBJCOPY} --redefine-syms=${ARCHIVE}.names ${ARCHIVE} COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE ${ARCHIVE}.names)
