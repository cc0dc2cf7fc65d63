// A latte in the morning: the cup, portrait format.
#version 3.7;
#ifndef (Depth) #declare Depth=0; #end
#include "materials_coffee.inc"
Globals(70,.9)
Room(RGB8(120,100,84)*.7,RGB8(215,208,200)*.9)
#declare Eye=<7,21,-37>; #declare Look=<-.6,7.6,0>;
camera { location Eye look_at Look right x*image_width/image_height up y angle 29 }
WindowLight(<-62,58,44>,<0,4,0>,2.35,RGB8(255,243,226),46)
#if (!Depth) light_source { <60,50,-60> rgb RGB8(255,190,130)*.14 shadowless } #end
BackWall(95,RGB8(78,60,48),RGB8(158,130,104))
Bokeh(9,<-14,14,80>,70,46,4.2,6.5,RGB8(255,190,110),21)
object { Table(RGB8(184,154,120),RGB8(152,120,86),RGB8(92,66,46),13,.04,5) rotate y*72 }
#declare ClothAt=<6,0,1>; #declare ClothTurn=-24; #declare ClothX=22; #declare ClothZ=19;
object { Cloth(ClothX,ClothZ,3,1.1,ClothTurn,ClothAt,<0,0,0>) Linen(RGB8(222,212,196),RGB8(120,134,128),24) rotate y*ClothTurn translate ClothAt }
union {
  object { Saucer Stoneware(RGB8(236,228,214),ClayCol,.0) translate -y*0 }
  union {
    object { Cup_Body } object { Cup_Handle }
    Stoneware(RGB8(236,228,214),ClayCol,1.2) rotate y*28 translate y*.62
  }
  object { Latte(4.28,-18) translate y*(.62+5.72) }
  translate y*.22
}
object { Steam(9,15,.45,2.4) rotate y*-10 translate <0.2,6.4,1.2> }
Scatter(16,<-6,0,-8.5>,4.4,4.2,8)
Scatter(5,<3,0,-13>,4,2,18)
object { Bag(KraftLabel,Kraft,Tie) rotate y*14 translate <-7.5,0,22> }
