# nginx with two workers on one listener, its reload, and curl at once from eight.
. "$BARO_SOURCE/test/run/support.sh"
PATH=$PATH:/usr/sbin
need nginx curl
mkdir "$dir/site" && chmod 777 "$dir"
head -c 400000 /dev/urandom >"$dir/site/page"
cat >"$dir/nginx.conf" <<END
worker_processes 2;
pid $dir/pid;
error_log $dir/error.log;
daemon off;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    server { listen 8080; root $dir/site; }
}
END
cat >"$dir/client.sh" <<'END'
for i in $(seq 200); do curl -s -o /dev/null http://127.0.0.1:8080/page && break; sleep 0.05; done
fetch() { curl -sS -o /dev/null -w '%{http_code} %{size_download}\n' http://127.0.0.1:8080/page; }
for i in 1 2 3 4 5 6 7 8; do fetch & done >"$1/codes"
wait
for i in $(seq 200); do [ "$(pgrep -c -f 'nginx: worker')" = 2 ] && break; sleep 0.05; done
pgrep -c -f 'nginx: worker' >"$1/workers"
kill -HUP "$(cat "$1/pid")"
sleep 0.5
fetch >>"$1/codes"
kill "$(cat "$1/pid")"
END
for user in $users; do
    rm -rf "$dir"/t? "$dir/error.log" "$dir/pid" "$dir/codes" "$dir/workers"
    as $user timeout 60 "$BARO" run -- sh -c "bash $dir/client.sh $dir & exec nginx -c $dir/nginx.conf -e $dir/error.log" ||
        { cat "$dir/error.log"; fail "nginx as $user: $?"; }
    same "nine pages, as $user" "9 200 400000" "$(sort "$dir/codes" | uniq -c | xargs)"
    same "two workers, as $user" 2 "$(cat "$dir/workers")"
done
